// Package network is what the hostings and the load balancer share of VPCs: which subnets a
// selection means, and what kinds they are.
package network

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/internal/token"
)

// Select returns the subnets of a VPC that a selection means. The error is the CDK's, about a
// selection that the VPC cannot meet.
func Select(
	vpc awsec2.IVpc,
	selection *awsec2.SubnetSelection,
) (subnets []awsec2.ISubnet, err error) {
	if selection != nil && selection.Subnets != nil {
		// SelectSubnets would ask for their availability zones, which imported ones may not know.
		return *selection.Subnets, nil
	}
	err = Try(func() { subnets = *vpc.SelectSubnets(selection).Subnets })
	return subnets, err
}

// Try calls the CDK, and returns what it throws as a part of a sentence.
func Try(call func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New(words(fmt.Sprint(r)))
		}
	}()
	call()
	return nil
}

// errorName is what the CDK writes before a sentence: "OnlySuppliedSubnetSelection: Only one of …".
var errorName = regexp.MustCompile(`^[A-Z]\w*: `)

// words makes the CDK's sentences a part of one of ours.
func words(text string) string {
	text, _, _ = strings.Cut(text, "\n    at ") // where in the CDK's JavaScript
	text = errorName.ReplaceAllString(strings.TrimSpace(text), "")
	var sentences []string
	for _, sentence := range strings.Split(strings.TrimSuffix(text, "."), ". ") {
		first, size := utf8.DecodeRuneInString(sentence)
		sentences = append(sentences, string(unicode.ToLower(first))+sentence[size:])
	}
	return strings.Join(sentences, "; ")
}

// Kinds are what is known of some subnets.
type Kinds struct {
	// Nil is true if one of them is nil; the rest is not filled in then.
	Nil bool

	// Public and Private are their ids, where the VPC knows them.
	Public, Private []string

	// Zones is the number of availability zones, and Known whether it is that of all subnets.
	Zones int
	Known bool
}

// KindsOf tells the kinds of a VPC's subnets.
func KindsOf(vpc awsec2.IVpc, subnets []awsec2.ISubnet) Kinds {
	isPublic := map[string]bool{} // by the path of the VPC's subnets
	for _, subnet := range *vpc.PublicSubnets() {
		isPublic[*subnet.Node().Path()] = true
	}
	for _, inside := range []*[]awsec2.ISubnet{vpc.PrivateSubnets(), vpc.IsolatedSubnets()} {
		for _, subnet := range *inside {
			isPublic[*subnet.Node().Path()] = false
		}
	}
	kinds := Kinds{Known: true}
	zones := map[string]bool{}
	for _, subnet := range subnets {
		if subnet == nil {
			return Kinds{Nil: true}
		}
		open, ofVPC := isPublic[*subnet.Node().Path()]
		if !ofVPC {
			kinds.Known = false
			continue
		}
		if id := *subnet.Node().Id(); open {
			kinds.Public = append(kinds.Public, id)
		} else {
			kinds.Private = append(kinds.Private, id)
		}
		zone := *subnet.AvailabilityZone()
		zones[zone] = true
		kinds.Known = kinds.Known && !token.In(zone)
	}
	kinds.Zones = len(zones)
	return kinds
}

// Unknown reports whether nothing is known of a VPC's subnets.
func Unknown(vpc awsec2.IVpc) bool {
	return len(*vpc.PublicSubnets()) == 0 && len(*vpc.PrivateSubnets()) == 0 &&
		len(*vpc.IsolatedSubnets()) == 0
}

// Pending reports whether a VPC is still to be looked up, and has subnets that are examples.
func Pending(vpc awsec2.IVpc) (pending bool) {
	err := Try(func() { pending = *vpc.SelectSubnets(nil).IsPendingLookup })
	return err == nil && pending
}

// IDs are those of some subnets, sorted.
func IDs(subnets []awsec2.ISubnet) []string {
	var ids []string
	for _, subnet := range subnets {
		if subnet != nil {
			ids = append(ids, *subnet.SubnetId())
		}
	}
	slices.Sort(ids)
	return ids
}
