package figure_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"steward/dev/internal/figure"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		values []float64
		median float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}, {[]float64{7}, 7}} {
		for aim, reached := range map[figure.Aim]bool{
			figure.AtMost(test.median): true, figure.AtMost(test.median - 0.01): false,
			figure.AtLeast(test.median): true, figure.AtLeast(test.median + 0.01): false,
			{}: false,
		} {
			got := figure.New("", slices.Clone(test.values), aim)
			if got.Median != test.median || got.Least != slices.Min(test.values) || got.Most != slices.Max(test.values) || got.Reached != reached {
				t.Errorf("%v, %+v: %+v", test.values, aim, got)
			}
		}
	}
}

func TestWriteFigures(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	table := figure.NewTable(&out)
	figure.WriteFigures(table, "title", []figure.Figure{
		figure.New("small", []float64{1}, figure.AtMost(1.5)),
		figure.New("too small", []float64{1}, figure.AtLeast(1.5)),
		figure.New("free", []float64{1}, figure.Aim{}),
	})
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"", "title median least most aim", "small 1.00 1.00 1.00 <= 1.50 reached", "too small 1.00 1.00 1.00 >= 1.50 missed", "free 1.00 1.00 1.00",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	made := figure.New("x", []float64{2}, figure.AtLeast(1))
	if err := figure.WriteJSON(&out, made); err != nil {
		t.Fatal(err)
	}
	var got figure.Figure
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got != made {
		t.Errorf("%+v, %v", got, err)
	}
	if err := figure.WriteJSON(&out, math.NaN()); err == nil {
		t.Error("a ratio to nothing is written")
	}
	if err := figure.WriteJSON(full{}, made); !errors.Is(err, errFull) {
		t.Error(err)
	}
}

var errFull = errors.New("no room")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestThisMachine(t *testing.T) {
	t.Parallel()
	if m := figure.ThisMachine(); m.Cores < 1 || m.Load == "" {
		t.Errorf("%+v", m)
	}
}
