package filedrill

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"steward/internal/filemanifest"
	"steward/internal/gcs"
)

// wide is a line of the list as big as the app may make it, with memory of its own.
func wide(n int) filemanifest.Entry {
	id := fmt.Sprintf("cnt_%026d", n)

	return filemanifest.Entry{
		Name: strings.Repeat("n", 1000) + id, SHA256: fmt.Sprintf("%064d", n), Headers: gcs.Headers{ContentType: strings.Repeat("t", 100)},
		Metadata: map[string]string{"k": strings.Repeat("m", 8<<10)},
		Content:  filemanifest.Content{ID: id, Object: "uploads/contents/" + id, SHA256: fmt.Sprintf("%064d", -n)},
	}
}

func inUse() uint64 {
	var now runtime.MemStats

	runtime.GC()
	runtime.ReadMemStats(&now)

	return now.HeapAlloc
}

// A million files are sampled within a few MiB, however much the app stored along
// with each: the sample keeps what proves a content, and nothing else.
//
//nolint:paralleltest // it measures the memory of the process
func TestTheSampleIsBounded(t *testing.T) {
	const files, most = 1_000_000, 8 << 20

	before := inUse()
	sample := newSample(files, "a manifest")

	for n := range files {
		// Wide lines are dear to make: enough of them to fill the sample twice.
		entry := filemanifest.Entry{Content: filemanifest.Content{ID: fmt.Sprintf("cnt_%026d", n)}}
		if n < 2*mostSample || n%500 == 0 {
			entry = wide(n)
		}

		sample.offer(proofOf(entry))

		if n == 2*mostSample || n == files-1 {
			if used := max(inUse(), before) - before; used > most {
				t.Errorf("after %d files %d MiB are in use", n+1, used>>20)
			}
		}
	}

	if len(sample.picks) != mostSample {
		t.Errorf("%d files were chosen", len(sample.picks))
	}

	runtime.KeepAlive(sample)
}
