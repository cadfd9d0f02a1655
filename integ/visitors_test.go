package integ

import (
	"fmt"
	"sync"
	"time"
)

// visitors ask a site for one page, again and again.
type visitors struct {
	site  *site
	path  string
	tries int // for one request; another follows a response with a status from 502 to 504

	stop  chan struct{}
	ended sync.WaitGroup

	mutex    sync.Mutex
	requests int
	seen     map[string]int // responses of up to 40 bytes, by how often
	again    int            // requests that took more than one try
	fault    error
	faults   int
}

// keepVisiting has four visitors ask, 25 times a second together.
func (s *site) keepVisiting(path string, tries int) *visitors {
	v := &visitors{site: s, path: path, tries: tries, stop: make(chan struct{}), seen: map[string]int{}}
	for range 4 {
		v.ended.Go(func() {
			tick := time.NewTicker(160 * time.Millisecond)
			defer tick.Stop()
			for {
				v.ask()
				select {
				case <-tick.C:
				case <-v.stop:
					return
				}
			}
		})
	}
	return v
}

func (v *visitors) ask() {
	var a reply
	var err error
	tried := 0
	for tried < v.tries {
		tried++
		a, err = v.site.get(v.path)
		if err != nil || a.status < 502 || a.status > 504 {
			break
		}
	}
	err = want(a, err, 200, "")
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.requests++
	if tried > 1 {
		v.again++
	}
	if len(a.body) <= 40 {
		v.seen[string(a.body)]++
	}
	if err != nil {
		v.fault, v.faults = err, v.faults+1
	}
}

// asked returns how many requests there were.
func (v *visitors) asked() int {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return v.requests
}

// waitFor waits until there were so many requests.
func (v *visitors) waitFor(requests int) {
	for v.asked() < requests {
		time.Sleep(20 * time.Millisecond)
	}
}

// leave has the visitors end, and returns what they saw.
func (v *visitors) leave() (note string, err error) {
	close(v.stop)
	v.ended.Wait()
	if v.faults > 0 {
		return "", fmt.Errorf("%d of %d requests failed: %w", v.faults, v.requests, v.fault)
	}
	if v.again > v.requests/10 {
		return "", fmt.Errorf("%d of %d requests took more than one try", v.again, v.requests)
	}
	note = fmt.Sprintf("none of %d requests failed", v.requests)
	if v.tries > 1 {
		note += fmt.Sprintf(", %d took more than one try", v.again)
	}
	return note, nil
}
