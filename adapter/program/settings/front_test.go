package settings

import (
	"net/netip"
	"strings"
	"testing"
)

// The header must be one of the secrets, whole and as it is written.
func TestFrontVerifies(t *testing.T) {
	const old, current = "0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123"
	longest := strings.Repeat("z", maxSecret)
	front := testFront(old, current, longest)
	for name, test := range map[string]struct {
		value string
		want  bool
	}{
		"the old one":               {old, true},
		"the current one":           {current, true},
		"the longest":               {longest, true},
		"nothing":                   {"", false},
		"another":                   {"fedcba9876543210", false},
		"in the other case":         {strings.ToLower(current), false},
		"its beginning":             {old[:15], false},
		"and more":                  {old + "0", false},
		"and the padding":           {old + "\x00", false},
		"all padding":               {strings.Repeat("\x00", maxSecret), false},
		"longer than the longest":   {longest + "z", false},
		"far longer, after the old": {old + strings.Repeat("\x00", 1<<10), false},
		"a list":                    {old + "," + current, false},
		"the same twice":            {old + ", " + old, false},
		"with a space":              {" " + old, false},
		"quoted":                    {`"` + old + `"`, false},
	} {
		if got := front.Verify([]byte(test.value)); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	var none Front
	if none.Required() || !front.Required() {
		t.Error("a front is required although there is none, or the reverse")
	}
	if none.Verify(nil) || none.Verify([]byte(old)) {
		t.Error("something is a secret although there is none")
	}
}

// The front's secret must not reach the server under another name.
func TestTheFrontsSecretIsNoAuthorization(t *testing.T) {
	for _, source := range []string{"x-origin-verify", "X-Origin-Verify", "X_ORIGIN_VERIFY", "x-origin_verify"} {
		env := map[string]string{"AWS_LWA_AUTHORIZATION_SOURCE": source}
		if problems := Check(testEnv(env)); len(problems) != 0 {
			t.Errorf("%s is refused without a front: %v", source, problems)
		}
		env["CDKWEB_FRONT_SECRETS"] = "0123456789abcdef"
		_, err := Read(testEnv(env))
		want := `AWS_LWA_AUTHORIZATION_SOURCE must be another header than X-Origin-Verify, in which the front sends its secret, got "` +
			strings.ToLower(source) + `"`
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A secret that is refused is in no sentence.
func TestNoSecretIsShown(t *testing.T) {
	const value = "hunter2 hunter2 hunter2"
	env := map[string]string{"CDKWEB_FRONT_SECRETS": value}
	_, err := Read(testEnv(env))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	for _, problem := range Check(testEnv(env)) {
		if problem.Value != "" {
			t.Errorf("got the value %q", problem.Value)
		}
	}
}

func TestAllows(t *testing.T) {
	c, err := Read(testEnv(map[string]string{"CDKWEB_ALLOW_FROM": "192.0.2.0/24,198.51.100.7/32,203.0.113.77/25,2001:db8::/32"}))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"192.0.2.0": true, "192.0.2.255": true, "192.0.3.0": false, "192.0.1.255": false,
		"198.51.100.7": true, "198.51.100.8": false,
		"203.0.113.1": true, "203.0.113.127": true, "203.0.113.128": false, // the prefix counts, not the bits behind it
		"::ffff:192.0.2.1": true, "::ffff:192.0.3.1": false, "::192.0.2.1": false,
		"2001:db8::1": true, "2001:db8:ffff::": true, "2001:db9::": false, "::1": false,
	} {
		if got := c.Allows(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
	if c.Allows(netip.Addr{}) {
		t.Error("an address that is not known is allowed")
	}
	everybody, err := Read(testEnv(map[string]string{"CDKWEB_ALLOW_FROM": "0.0.0.0/0,::/0"}))
	if err != nil {
		t.Fatal(err)
	}
	if everybody.Allows(netip.Addr{}) || !everybody.Allows(netip.MustParseAddr("::ffff:1.2.3.4")) {
		t.Error("all prefixes are not all addresses")
	}
	if all := (&Config{}); !all.Allows(netip.Addr{}) {
		t.Error("an address is asked for although all are allowed")
	}
}

// Both are asked for every request.
func TestAdmissionCostsNoMemory(t *testing.T) {
	c := &Config{Front: testFront("0123456789abcdef", strings.Repeat("a", 48)), AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	value, ip := []byte(strings.Repeat("a", 48)), netip.MustParseAddr("192.0.2.1")
	if n := testing.AllocsPerRun(100, func() {
		if !c.Front.Verify(value) || !c.Allows(ip) {
			t.Fatal("a client is turned away")
		}
	}); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	front := testFront(strings.Repeat("a", 48), strings.Repeat("b", 48), strings.Repeat("c", 48))
	for name, value := range map[string]string{"first": strings.Repeat("a", 48), "last": strings.Repeat("c", 48), "none": "", "forged": strings.Repeat("x", 48)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				front.Verify([]byte(value))
			}
		})
	}
}
