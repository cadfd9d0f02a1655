package main

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
)

// level says how bad a line is. The adapter says nothing when all is well: its
// lines are errors (an invocation or the start failed) and warnings (something
// went wrong and was put right).
type level int

const (
	levelOff level = iota
	levelError
	levelWarn
	levelInfo
	levelDebug
)

var levelNames = [...]string{"OFF", "ERROR", "WARN", "INFO", "DEBUG"}

// logLevels maps the words of AWS_LAMBDA_LOG_LEVEL, and of RUST_LOG, which AWS
// Lambda Web Adapter reads, to levels.
var logLevels = map[string]level{
	"off": levelOff, "fatal": levelError, "error": levelError, "warn": levelWarn,
	"info": levelInfo, "debug": levelDebug, "trace": levelDebug,
}

// logger writes one JSON object a line, in the shape of Lambda's own JSON logs.
// It must never be given the value of a header or a body.
type logger struct {
	mu  sync.Mutex
	w   io.Writer
	max level
}

func newLogger(w io.Writer, getenv func(string) string) *logger {
	l := &logger{w: w, max: levelInfo}
	for _, name := range []string{"AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"} {
		if max, ok := logLevels[strings.ToLower(getenv(name))]; ok {
			l.max = max
			break
		}
	}
	return l
}

// seldomPause is how often a line is written that clients could have written at
// will.
const seldomPause = time.Minute

// seldom counts what happens, for a line now and then.
type seldom struct {
	mu    sync.Mutex
	count int
	next  time.Time
}

// due counts one more, and returns how many there were since the last line if
// there is to be another, else 0.
func (s *seldom) due(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if now.Before(s.next) {
		return 0
	}
	count := s.count
	s.count, s.next = 0, now.Add(seldomPause)
	return count
}

// print writes a line. The pairs are names and values; a value is a string, an
// int or a time.Duration, which is written in milliseconds.
func (l *logger) print(lv level, message string, pairs ...any) {
	if lv > l.max {
		return
	}
	line := append([]byte(nil), `{"timestamp":"`...)
	line = time.Now().UTC().AppendFormat(line, "2006-01-02T15:04:05.000Z")
	line = append(append(line, `","level":"`...), levelNames[lv]...)
	line = append(line, `","logger":"cdkweb-adapter","message":`...)
	line = jsontext.AppendString(line, message)
	for i := 0; i+1 < len(pairs); i += 2 {
		line = append(line, ',')
		line = append(jsontext.AppendString(line, pairs[i].(string)), ':')
		switch v := pairs[i+1].(type) {
		case string:
			line = jsontext.AppendString(line, v)
		case []byte:
			line = jsontext.AppendString(line, v)
		case int:
			line = strconv.AppendInt(line, int64(v), 10)
		case time.Duration:
			line = strconv.AppendInt(line, v.Milliseconds(), 10)
		default:
			line = append(line, "null"...)
		}
	}
	line = append(line, '}', '\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w.Write(line)
}
