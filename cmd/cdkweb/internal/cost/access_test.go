package cost

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// logOf is a log of some days with lines every few minutes between 8 and 18 h.
func logOf(days int, line func(at time.Time) string) string {
	var log strings.Builder
	log.WriteString(line(start) + "\n")
	for minute := 0; minute < days*24*60; minute += 5 {
		at := start.Add(time.Duration(minute) * time.Minute)
		if at.Hour() >= 8 && at.Hour() < 18 {
			log.WriteString(line(at) + "\n")
		}
	}
	log.WriteString(line(start.Add(time.Duration(days)*24*time.Hour-time.Second)) + "\n")
	return log.String()
}

func common(at time.Time) string {
	return fmt.Sprintf(`192.0.2.1 - frank [%s] "GET /a\"b HTTP/1.1" 200 2048`, at.Format(accessTime))
}

func combined(at time.Time) string {
	return common(at) + ` "https://example.com/ 12" "Mozilla/5.0 (X11; 1.5)" 0.080`
}

func apache(at time.Time) string { return common(at) + ` "-" "curl" 80000` }

func balancerLog(at time.Time) string {
	return fmt.Sprintf(`https %s app/site/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.1:80 0.086 0.080 0.037 200 200 512 2048 `+
		`"GET https://example.com:443/a?b=c HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 - "Root=1-58337281" "-" "-" 0 `+
		`%s "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"`, at.Format("2006-01-02T15:04:05.000000Z"), at.Format(time.RFC3339Nano))
}

// cloudWatch are hourly numbers.
func cloudWatch(days int) string {
	var csv strings.Builder
	csv.WriteString("Id,m1,m2,m3\nLabel,RequestCount,TargetResponseTime,HTTPCode_Target_5XX_Count\nTimestamp,,,\n")
	for hour := range days * 24 {
		at := start.Add(time.Duration(hour) * time.Hour)
		count := 0
		if at.Hour() >= 8 && at.Hour() < 18 {
			count = 12
		}
		fmt.Fprintf(&csv, "%s,%d,0.08,1\n", at.Format("2006/01/02 15:04:05"), count)
	}
	return csv.String()
}

func TestTrafficFiles(t *testing.T) {
	t.Parallel()
	// 12 requests an hour for 10 hours a day, and one at each end of the log.
	const day = 120 * 730. / 24
	for _, test := range []struct {
		name, file        string
		mean              time.Duration
		request, response float64
		notes             int
	}{
		{"common log", logOf(7, common), 0, -1, 2048, 1},
		{"combined log with seconds", logOf(7, combined), 80 * time.Millisecond, -1, 2048, 0},
		{"combined log with microseconds", logOf(7, apache), 80 * time.Millisecond, -1, 2048, 0},
		{"load balancer's log", logOf(7, balancerLog), 80 * time.Millisecond, 512, 2048, 0},
		{"CloudWatch", cloudWatch(7), 80 * time.Millisecond, -1, -1, 1},
		{"compressed", zipped(t, logOf(7, combined)), 80 * time.Millisecond, -1, 2048, 0},
		{"a line that is cut", logOf(7, combined) + "192.0.2.1 - - [01/No", 80 * time.Millisecond, -1, 2048, 1},
		{"a byte order mark and line ends of Windows", "\ufeff" + strings.ReplaceAll(logOf(7, combined), "\n", "\r\n"),
			80 * time.Millisecond, -1, 2048, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseTraffic("traffic", strings.NewReader(test.file), 730, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got.Requests/day-1) > 0.01 {
				t.Errorf("got %f requests a month, want %f", got.Requests, day)
			}
			if got.Mean.Round(time.Microsecond) != test.mean || got.Request != test.request || got.Response != test.response {
				t.Errorf("got %s, %f and %f bytes", got.Mean, got.Request, got.Response)
			}
			if math.Abs(got.Day[9]-0.1) > 0.001 || got.Day[5] != 0 {
				t.Errorf("got the day %v", got.Day)
			}
			if len(got.notes) != test.notes {
				t.Errorf("got the notes %q, want %d", got.notes, test.notes)
			}
		})
	}
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Numbers of days have no profile of a day, and columns may be sums of bytes.
func TestDailyNumbers(t *testing.T) {
	t.Parallel()
	got, err := parseTraffic("daily.csv", strings.NewReader(
		"Timestamp,Invocations,Duration,BytesDownloaded\n2026-11-02,\"1,000\",50,4096000\n2026-11-01,3000,150,\n2026-11-03,,,\n"), 720, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Requests-40000) > 1e-6 || got.Mean != 125*time.Millisecond || math.Abs(got.Response-4096) > 1e-6 {
		t.Errorf("got %f requests, %s, %f bytes", got.Requests, got.Mean, got.Response)
	}
	for hour, share := range got.Day {
		if math.Abs(share-1./24) > 1e-9 {
			t.Errorf("hour %d has %f", hour, share)
		}
	}
}

// Half a day says how many requests come, but not how a day is.
func TestShortLog(t *testing.T) {
	t.Parallel()
	file := combined(start) + "\n" + combined(start.Add(2*time.Hour)) + "\n"
	got, err := parseTraffic("short.log", strings.NewReader(file), 720, io.Discard)
	if err != nil || got.Requests != 720 || got.Day != evenly(0, 24) || len(got.notes) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTrafficErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, want string }{
		{"empty", "\n", "f is empty"},
		{"something else", "hello\n", "f:1: this is no line of an access log in common or combined format, nor of a load balancer's, nor a CSV"},
		{"a minute", common(start) + "\n" + common(start.Add(time.Minute)), "f covers 1m0s, which says nothing about a month; take a day or more"},
		{"broken lines", common(start) + "\nx\ny\n", "f:2: the line is not in common or combined log format, as are 2 of 3 lines"},
		{"no column of requests", "Timestamp,Errors\n2026-11-01,1\n", "f:2: the rows above the first time name no column RequestCount"},
		{"a row without a time", "Timestamp,Requests\n2026-11-01,1\nfoo,2\n", `f:3: "foo" is no time such as`},
		{"no number", "Timestamp,Requests\n2026-11-01,1\n2026-11-02,-1\n", `f:3: "-1" is no number from 0 to 1e15`},
		{"one row", "Timestamp,Requests\n2026-11-01,1\n", "f has 1 rows that begin with a time"},
		{"no request", "Timestamp,Requests\n2026-11-01,0\n2026-11-02,0\n", "f has no request"},
		{"a line without an end", common(start) + "\n" + strings.Repeat("x", 2<<20), "f:2: the line is longer than 1 MB"},
		{"a broken archive", "\x1f\x8bnot", "f: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseTraffic("f", strings.NewReader(test.file), 730, io.Discard)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// Whatever a file holds, it gives traffic that can be priced, or an error with the file's name.
func FuzzTraffic(f *testing.F) {
	f.Add(common(start) + "\n" + combined(start.Add(30*time.Hour)))
	f.Add(balancerLog(start) + "\n" + balancerLog(start.Add(2*time.Hour)))
	f.Add(cloudWatch(2))
	f.Add("Timestamp,Invocations,Duration,BytesDownloaded\n2026-11-02,\"1,000\",50,4096000\n2026-11-01,3000,150,\n")
	f.Fuzz(func(t *testing.T, file string) {
		got, err := parseTraffic("f", strings.NewReader(file), 730, io.Discard)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f") {
				t.Errorf("got %v", err)
			}
			return
		}
		var day float64
		for _, share := range got.Day {
			if !(share >= 0) {
				t.Fatalf("got the day %v", got.Day)
			}
			day += share
		}
		if math.Abs(day-1) > 1e-6 || !(got.Requests > 0) || got.Mean < 0 || math.IsNaN(got.Request) || math.IsNaN(got.Response) {
			t.Errorf("got %+v of a day of %f", got, day)
		}
	})
}
