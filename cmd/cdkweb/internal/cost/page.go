package cost

import (
	_ "embed"
	"fmt"
	html "html/template"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

var pageTemplate = html.Must(html.New("page").Funcs(html.FuncMap{
	"dollars": dollars,
	"color":   func(k Kind) int { return int(k) },
	"turns":   Offer.turns,
}).Parse(pageHTML))

// pageService is a service on the page.
type pageService struct {
	Comparison
	Describe  string
	Now       Offer
	Cheapest  Offer
	Wide      html.HTML // cost against requests
	Narrow    html.HTML
	DayWide   html.HTML
	DayNarrow html.HTML
}

// writePage writes a report as one page that needs nothing else. The file is whole or not there.
func writePage(name string, r report) error {
	var services []pageService
	for _, c := range r.comparisons {
		service := pageService{
			Comparison: c, Describe: c.Traffic.describe(), Now: c.Offers[0], Cheapest: c.Offers[0],
			Wide: costPlot(c, 920, 440), Narrow: costPlot(c, 380, 380),
			DayWide: dayPlot(c, 920, 200), DayNarrow: dayPlot(c, 380, 180),
		}
		for _, offer := range c.Offers {
			if offer.Bill.USD() < service.Cheapest.Bill.USD()-0.005 {
				service.Cheapest = offer
			}
		}
		services = append(services, service)
	}
	var page strings.Builder
	err := pageTemplate.Execute(&page, map[string]any{"Services": services, "Shared": r.shared, "Notes": r.notes, "Total": r.total})
	if err != nil {
		return err
	}
	return writeWhole(name, page.String())
}

// writeWhole writes a file by way of another beside it, so that it is never there in part.
func writeWhole(name, content string) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".cdkweb-cost-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		os.Remove(file.Name())
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// plot is a drawing area of an SVG.
type plot struct {
	strings.Builder
	left, top, right, bottom float64 // of the area, in pixels
}

func newPlot(width, height, left, right, top, bottom float64, label string) *plot {
	p := &plot{left: left, top: top, right: width - right, bottom: height - bottom}
	fmt.Fprintf(p, `<svg viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">`, width, height, width, height,
		html.HTMLEscapeString(label))
	return p
}

func (p *plot) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(p, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (p *plot) text(class string, x, y float64, text string) {
	fmt.Fprintf(p, `<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, html.HTMLEscapeString(text))
}

func (p *plot) done() html.HTML {
	p.WriteString("</svg>")
	return html.HTML(p.String()) // numbers, and texts that were escaped above
}

// scale puts a number between two others on a logarithmic axis.
func scale(n, low, high, from, to float64) float64 {
	n = min(max(n, low), high)
	return from + (to-from)*math.Log10(n/low)/math.Log10(high/low)
}

// costPlot is the cost a month against the requests a month, both logarithmic: a line for each
// hosting, the traffic of now, and the points at which another becomes cheaper than where the
// server is.
func costPlot(c Comparison, width, height float64) html.HTML {
	now := max(1, c.Traffic.Requests)
	lowX := math.Pow(10, math.Floor(math.Log10(max(1e3, min(now/100, 1e8)))))
	highX := lowX * 1e5
	cost := func(offer Offer, requests float64) float64 {
		return Monthly(offer.Config, c.Traffic.withRequests(requests), c.Options).USD()
	}
	lowY, highY := math.Inf(1), 1.0
	for _, offer := range c.Offers {
		lowY, highY = min(lowY, cost(offer, lowX)), max(highY, cost(offer, highX))
	}
	// Below a dollar nobody compares.
	lowY = math.Pow(10, math.Floor(math.Log10(max(1, lowY))))
	highY = math.Pow(10, math.Ceil(math.Log10(max(highY, lowY*10))))

	p := newPlot(width, height, 62, 14, 40, 46, "cost a month against requests a month, for each hosting")
	x := func(n float64) float64 { return scale(n, lowX, highX, p.left, p.right) }
	y := func(n float64) float64 { return scale(n, lowY, highY, p.bottom, p.top) }
	for at := lowX; at <= highX*1.001; at *= 10 {
		p.line("grid", x(at), p.top, x(at), p.bottom)
		p.text("middle", x(at), p.bottom+18, shortNumber(at))
	}
	for at := lowY; at <= highY*1.001; at *= 10 {
		p.line("grid", p.left, y(at), p.right, y(at))
		p.text("end", p.left-8, y(at)+4, "$"+shortNumber(at))
	}
	p.text("middle axis", (p.left+p.right)/2, p.bottom+38, "requests a month")
	p.text("axis", 2, 14, "a month")
	if c.Traffic.Requests >= lowX {
		p.line("now", x(now), p.top, x(now), p.bottom)
		class, at := "nowtext", x(now)+5
		if at > p.right-40 {
			class, at = "nowtext end", x(now)-5
		}
		p.text(class, at, p.top-8, "now")
	}
	steps := int((p.right - p.left) / 2)
	// The hosting of now is drawn last, above the others.
	for i := len(c.Offers) - 1; i >= 0; i-- {
		offer := c.Offers[i]
		class := fmt.Sprintf("curve c%d", offer.Config.Kind)
		if offer.Here {
			class += " here"
		}
		fmt.Fprintf(p, `<path class="%s" d="`, class)
		letter := 'M'
		for step := 0; step <= steps; step++ {
			requests := lowX * math.Pow(highX/lowX, float64(step)/float64(steps))
			if overloaded(offer.Config, c.Traffic.withRequests(requests), c.Options.Hours) {
				break
			}
			if usd := cost(offer, requests); usd >= lowY {
				fmt.Fprintf(p, "%c%.1f %.1f", letter, x(requests), y(usd))
				letter = 'L'
			}
		}
		fmt.Fprintf(p, `"><title>%s</title></path>`, html.HTMLEscapeString(offer.Config.Kind.String()+", "+offer.Config.Size()))
	}
	type point struct{ x, y float64 }
	var labels []point // where there is one already
	for _, offer := range c.Offers {
		for _, turn := range []struct {
			at   []float64
			what string
		}{{offer.Cheaper, "cheaper"}, {offer.Dearer, "dearer"}} {
			for _, at := range turn.at {
				if at < lowX || at > highX {
					continue
				}
				fmt.Fprintf(p, `<circle class="even c%d" cx="%.1f" cy="%.1f" r="5"><title>%s becomes %s from %s requests a month, %s</title></circle>`,
					offer.Config.Kind, x(at), y(cost(offer, at)), html.HTMLEscapeString(offer.Config.Kind.String()), turn.what, requests(at),
					dollars(cost(offer, at)))
				if x(at) < p.left+24 || x(at) > p.right-24 {
					continue
				}
				// Below the ring, else above it, wherever there is room.
				for _, shift := range []float64{20, -12, 36, -28} {
					label := point{x(at), y(cost(offer, at)) + shift}
					if label.y < p.bottom-4 && !slices.ContainsFunc(labels, func(other point) bool {
						return math.Abs(other.x-label.x) < 50 && math.Abs(other.y-label.y) < 15
					}) {
						labels = append(labels, label)
						p.text("middle evenText", label.x, label.y, shortRequests(at))
						break
					}
				}
			}
		}
	}
	return p.done()
}

// shortNumber is a power of ten for an axis: 10k, 1M.
func shortNumber(n float64) string {
	for _, unit := range []struct {
		at     float64
		suffix string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= unit.at*0.999 {
			return number(math.Round(n/unit.at)) + unit.suffix
		}
	}
	return number(math.Round(n*10) / 10)
}

// shortRequests is a number of requests for a label: 2.35M.
func shortRequests(n float64) string {
	return strings.NewReplacer(" million", "M", " billion", "B").Replace(requests(n))
}

// dayPlot is a day: the requests a second of each hour as bars, and above each what runs then.
func dayPlot(c Comparison, width, height float64) html.HTML {
	p := newPlot(width, height, 62, 14, 32, 42, "requests a second in each hour of the day")
	var most float64
	for hour := range 24 {
		most = max(most, c.Traffic.rate(hour, c.Options.Hours))
	}
	top := nice(most)
	y := func(rate float64) float64 { return p.bottom - (p.bottom-p.top)*rate/top }
	for _, part := range []float64{0, 0.5, 1} {
		p.line("grid", p.left, y(top*part), p.right, y(top*part))
		p.text("end", p.left-8, y(top*part)+4, number(top*part))
	}
	slot := (p.right - p.left) / 24
	for hour := range 24 {
		rate := c.Traffic.rate(hour, c.Options.Hours)
		at := p.left + slot*float64(hour)
		fmt.Fprintf(p, `<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"><title>%d to %d h: %s requests a second</title></rect>`,
			at+1, y(rate), slot-2, p.bottom-y(rate), hour, hour+1, number(rate))
	}
	for hour := 0; hour <= 24; hour += 6 {
		p.text("middle", p.left+slot*float64(hour), p.bottom+18, number(float64(hour)))
	}
	p.text("middle axis", (p.left+p.right)/2, p.bottom+36, "hour of the day")
	p.text("axis", 2, 14, "requests a second")
	return p.done()
}

// nice is a round number that is no less than n.
func nice(n float64) float64 {
	if n <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(n)))
	for _, step := range []float64{1, 2, 4, 5, 10} {
		if step*unit >= n*(1-1e-9) {
			return step * unit
		}
	}
	return 10 * unit
}
