package secrets

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const (
		secret    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"
		parameter = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key"
	)
	whole := Reference{SecretsManager, "aws", "eu-west-1", secret, "shop/db-AbCdEf", "", "", ""}
	with := func(key, stage, version string) Reference {
		r := whole
		r.Key, r.Stage, r.Version = key, stage, version
		return r
	}
	for text, want := range map[string]Reference{
		secret:                    whole,
		secret + ":":              whole,
		secret + ":::":            whole,
		secret + ":password":      with("password", "", ""),
		secret + ":password::":    with("password", "", ""),
		secret + ":a b.ü/\"c":     with(`a b.ü/"c`, "", ""),
		secret + "::AWSPREVIOUS":  with("", "AWSPREVIOUS", ""),
		secret + "::AWSPREVIOUS:": with("", "AWSPREVIOUS", ""),
		secret + ":password::9d4cb84b-ad69-40c0-a0ab-cead36b967e8": with("password", "", "9d4cb84b-ad69-40c0-a0ab-cead36b967e8"),
		secret + ":password:blue:9d4cb84b":                         with("password", "blue", "9d4cb84b"),
		parameter:                                                  {ParameterStore, "aws", "eu-west-1", parameter, "/shop/key", "", "", ""},
		parameter + ":":                                            {ParameterStore, "aws", "eu-west-1", parameter, "/shop/key", "", "", ""},
		parameter + ":7":                                           {ParameterStore, "aws", "eu-west-1", parameter, "/shop/key", "", "", "7"},
		parameter + ":live":                                        {ParameterStore, "aws", "eu-west-1", parameter, "/shop/key", "", "", "live"},
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1a-AbCdEf:password": { // of a service
			SecretsManager, "aws", "eu-west-1", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!cluster-1a-AbCdEf", "rds!cluster-1a-AbCdEf", "password", "", ""},
		"arn:aws:ssm:eu-west-1:123456789012:parameter/key": {
			ParameterStore, "aws", "eu-west-1", "arn:aws:ssm:eu-west-1:123456789012:parameter/key", "key", "", "", ""},
		"arn:aws:ssm:eu-west-1::parameter/aws/service/x": { // AWS's own parameters have no account
			ParameterStore, "aws", "eu-west-1", "arn:aws:ssm:eu-west-1::parameter/aws/service/x", "/aws/service/x", "", "", ""},
		"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:s": {
			SecretsManager, "aws-us-gov", "us-gov-west-1", "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:s", "s", "", "", ""},
	} {
		if got, err := Parse(text); got != want || err != nil {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "password", "arn", "arn:aws:secretsmanager:eu-west-1:123456789012", "arn:aws:secretsmanager:eu-west-1:123456789012:secret",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:", secret + "::::", secret + "\n", secret + ":a\x00b", secret + ":\xff",
		"arn:aws:secretsmanager::123456789012:secret:s", "arn:aws:secretsmanager:eu-west-1::secret:s",
		"arn:aws:secretsmanager:eu-west-1.evil.example:123456789012:secret:s", "arn:aws:secretsmanager:eu-west-1/:123456789012:secret:s",
		"arn:aws:secretsmanager:EU-WEST-1:123456789012:secret:s", "arn:aws:secretsmanager:eu-west-1:me:secret:s",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:a b", "arn:aws:s3:eu-west-1:123456789012:secret:s",
		parameter + ":1:2", parameter + ":a b", "arn:aws:ssm:eu-west-1:123456789012:parameter/", "arn:aws:ssm:eu-west-1:123456789012:document/x",
		"arn:aws:ssm:eu-west-1:123456789012:parameter", "ARN:aws:ssm:eu-west-1:123456789012:parameter/x",
	} {
		if got, err := Parse(text); !errors.Is(err, errReference) {
			t.Errorf("%q: got %+v, %v, want the form", text, got, err)
		}
	}
	_, err := Parse("arn:aws-mars:ssm:mars-1:123456789012:parameter/x")
	if err == nil || err.Error() != `"aws-mars" is no partition of AWS that has an endpoint for it` {
		t.Errorf("got %v", err)
	}
}

func TestReferenceAsText(t *testing.T) {
	for text, want := range map[string]string{
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf":               "the secret db-AbCdEf in eu-west-1",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:k:AWSPREVIOUS": "the secret db-AbCdEf, stage AWSPREVIOUS, in eu-west-1",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:k:blue:9d4c":   "the secret db-AbCdEf, stage blue, version 9d4c, in eu-west-1",
		"arn:aws:ssm:us-east-1:123456789012:parameter/shop/key:3":                      "the parameter /shop/key, version 3, in us-east-1",
	} {
		r, err := Parse(text)
		if got := r.String(); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestHost(t *testing.T) {
	for _, test := range []struct{ text, plain, fips, dualStack, both string }{
		{"arn:aws:secretsmanager:eu-west-1:1:secret:s", "secretsmanager.eu-west-1.amazonaws.com", "secretsmanager-fips.eu-west-1.amazonaws.com",
			"secretsmanager.eu-west-1.amazonaws.com", "secretsmanager-fips.eu-west-1.amazonaws.com"},
		{"arn:aws:ssm:eu-west-1:1:parameter/p", "ssm.eu-west-1.amazonaws.com", "ssm-fips.eu-west-1.amazonaws.com",
			"ssm.eu-west-1.api.aws", "ssm-fips.eu-west-1.api.aws"},
		{"arn:aws-cn:secretsmanager:cn-north-1:1:secret:s", "secretsmanager.cn-north-1.amazonaws.com.cn", "secretsmanager-fips.cn-north-1.amazonaws.com.cn",
			"secretsmanager.cn-north-1.amazonaws.com.cn", "secretsmanager-fips.cn-north-1.api.amazonwebservices.com.cn"},
		{"arn:aws-cn:ssm:cn-north-1:1:parameter/p", "ssm.cn-north-1.amazonaws.com.cn", "ssm-fips.cn-north-1.amazonaws.com.cn",
			"ssm.cn-north-1.api.amazonwebservices.com.cn", "ssm-fips.cn-north-1.api.amazonwebservices.com.cn"},
		{"arn:aws-us-gov:secretsmanager:us-gov-east-1:1:secret:s", "secretsmanager.us-gov-east-1.amazonaws.com", "secretsmanager-fips.us-gov-east-1.amazonaws.com",
			"secretsmanager.us-gov-east-1.amazonaws.com", "secretsmanager-fips.us-gov-east-1.amazonaws.com"},
		{"arn:aws-us-gov:ssm:us-gov-east-1:1:parameter/p", "ssm.us-gov-east-1.amazonaws.com", "ssm.us-gov-east-1.amazonaws.com",
			"ssm.us-gov-east-1.api.aws", "ssm-fips.us-gov-east-1.api.aws"},
		{"arn:aws-eusc:secretsmanager:eusc-de-east-1:1:secret:s", "secretsmanager.eusc-de-east-1.amazonaws.eu", "secretsmanager-fips.eusc-de-east-1.amazonaws.eu",
			"secretsmanager.eusc-de-east-1.api.amazonwebservices.eu", "secretsmanager-fips.eusc-de-east-1.api.amazonwebservices.eu"},
		{"arn:aws-iso:secretsmanager:us-iso-east-1:1:secret:s", "secretsmanager.us-iso-east-1.c2s.ic.gov", "secretsmanager-fips.us-iso-east-1.c2s.ic.gov",
			"secretsmanager.us-iso-east-1.api.aws.ic.gov", "secretsmanager-fips.us-iso-east-1.api.aws.ic.gov"},
		{"arn:aws-iso-b:secretsmanager:us-isob-east-1:1:secret:s", "secretsmanager.us-isob-east-1.sc2s.sgov.gov", "secretsmanager-fips.us-isob-east-1.sc2s.sgov.gov",
			"secretsmanager.us-isob-east-1.api.aws.scloud", "secretsmanager-fips.us-isob-east-1.api.aws.scloud"},
		{"arn:aws-iso-e:secretsmanager:eu-isoe-west-1:1:secret:s", "secretsmanager.eu-isoe-west-1.cloud.adc-e.uk", "secretsmanager-fips.eu-isoe-west-1.cloud.adc-e.uk",
			"secretsmanager.eu-isoe-west-1.api.cloud-aws.adc-e.uk", "secretsmanager-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
		{"arn:aws-iso-f:ssm:us-isof-south-1:1:parameter/p", "ssm.us-isof-south-1.csp.hci.ic.gov", "ssm-fips.us-isof-south-1.csp.hci.ic.gov",
			"ssm.us-isof-south-1.api.aws.hci.ic.gov", "ssm-fips.us-isof-south-1.api.aws.hci.ic.gov"},
	} {
		r, err := Parse(test.text)
		if err != nil {
			t.Fatal(err)
		}
		for settings, want := range map[string]string{
			"": test.plain, "AWS_USE_FIPS_ENDPOINT": test.fips, "AWS_USE_DUALSTACK_ENDPOINT": test.dualStack,
			"AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT": test.both,
		} {
			e, err := endpointOf(r, func(name string) string {
				if strings.Contains(settings, name) {
					return "True"
				}
				return map[string]string{"AWS_USE_FIPS_ENDPOINT": "false"}[name]
			})
			if e.host != want || e.address != want+":443" || !e.tls || !e.aws || err != nil {
				t.Errorf("%s with %s: got %+v, %v, want %s", test.text, settings, e, err, want)
			}
		}
	}
}

// FuzzReference gives texts to the parser. What it takes must come back from its
// parts, and must not lead to another host than one of AWS.
func FuzzReference(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf:password:AWSCURRENT:9d4c",
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:s", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key:3",
		"arn:aws-cn:ssm:cn-north-1::parameter/a", "arn:aws:ssm:a/b:1:parameter/a", "arn:::::", ":", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			if r != (Reference{}) {
				t.Fatalf("%q: got %+v with the error %v", text, r, err)
			}
			return
		}
		again := r.ARN
		if r.Service == SecretsManager {
			again += ":" + r.Key + ":" + r.Stage + ":" + r.Version
		} else {
			again += ":" + r.Version
		}
		if strings.TrimRight(again, ":") != strings.TrimRight(text, ":") {
			t.Fatalf("%q became %q", text, again)
		}
		if back, err := Parse(again); back != r || err != nil {
			t.Fatalf("%q: got %+v, then %+v, %v", text, r, back, err)
		}
		for n := range 4 {
			host := r.host(n&1 > 0, n&2 > 0)
			domains := suffixes[r.Partition]
			ofAWS := strings.HasSuffix(host, "."+r.Region+"."+domains.plain) || strings.HasSuffix(host, "."+r.Region+"."+domains.dualStack)
			if !ofAWS || !of(host, lower+digits+".-") {
				t.Fatalf("%q: got the host %q", text, host)
			}
		}
	})
}
