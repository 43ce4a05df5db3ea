// Package projections keeps read models: rows that are made from the log and
// from nothing else.
//
// A Projector is a name, a version and a switch over events that writes rows.
// A Runner follows one log for one projector. It applies everything that has
// arrived in one transaction, so an idle view is one fsync behind the log and
// a busy one pays that fsync for many events; the rows and the position up to
// which the log was seen change together, or not at all. A View is what
// readers hold.
//
// What the package promises:
//
//   - A view is a function of the log. A message that comes twice changes
//     nothing, and a rebuilt view equals the live one, byte for byte.
//   - A reader sees a view at one position, and later never at an earlier one.
//   - An event that cannot be applied parks its view with the position and the
//     reason. Its rows can still be read, and no other view waits for it.
//   - A view of other code, or of a log that lost its tail, is built anew
//     before its positions are trusted again.
//
// A view is one bbolt file, <name>-v<version>-<n>.view. A rebuild writes
// <name>-v<version>-<n+1>.building beside it and renames it when it has caught
// up: the name is the truth about which file is whole, and the rename is the
// swap. The file before it stays for a rollback.
package projections
