package testkit

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// Metrics reads the metrics of a process, by name and labels as they are
// written.
func (p *Process) Metrics(t *testing.T) map[string]float64 {
	t.Helper()
	url := p.MetricsURL
	if url == "" {
		url = p.URL + "/metrics"
	}
	req, err := http.NewRequestWithContext(Lasting(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all := map[string]float64{}
	for sc := bufio.NewScanner(res.Body); sc.Scan(); {
		name, value, ok := cutLast(sc.Text())
		if !ok {
			continue
		}
		if all[name], err = strconv.ParseFloat(value, 64); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func cutLast(line string) (name, value string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 || strings.HasPrefix(line, "#") {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}
