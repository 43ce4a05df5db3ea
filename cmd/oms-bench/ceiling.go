package main

import "time"

func benchCold(*report, time.Duration) error    { return nil }
func benchCeiling(*report, time.Duration) error { return nil }
