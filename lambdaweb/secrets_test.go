package lambdaweb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webimage"
)

// startable is an image of this library, of which it is known what it starts.
func startable() webimage.Image {
	return webimage.URI(privateURI, &webimage.ExistingOptions{
		Adapter: webimage.WithAdapter, EntryPoint: []string{"/app/server", "--color"}, Cmd: []string{"run"},
	})
}

// dockerfile is an image that is built here.
func dockerfile(t *testing.T, content string) webimage.Image {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return webimage.Dockerfile(dir, nil)
}

func newSecret(stack awscdk.Stack, id string) web.Secret {
	return web.SecretsManager(awssecretsmanager.NewSecret(stack, &id, nil), "")
}

// The adapter starts what the image would have started, whether the first secret comes at once or
// later.
func TestSecretsStart(t *testing.T) {
	const entryPoint = `["/opt/extensions/cdkweb-adapter","exec","--"]`
	for _, test := range []struct {
		name    string
		image   func(t *testing.T) webimage.Image
		command []string
		want    string
	}{
		{"an image that exists", func(*testing.T) webimage.Image { return startable() }, nil, `["/app/server","--color","run"]`},
		{"with a command", func(*testing.T) webimage.Image { return startable() }, []string{"serve", "a b"}, `["/app/server","--color","serve","a b"]`},
		{"exec form", func(t *testing.T) webimage.Image {
			return dockerfile(t, "FROM node:22\nENTRYPOINT [\"node\"]\nCMD [\"server.js\"]\n")
		}, nil, `["node","server.js"]`},
		{"shell form", func(t *testing.T) webimage.Image { return dockerfile(t, "FROM scratch\nCMD node server.js\n") }, nil, `["/bin/sh","-c","node server.js"]`},
		{"a command in place of CMD", func(t *testing.T) webimage.Image {
			return dockerfile(t, "FROM python:3\nENTRYPOINT [\"python\"]\nCMD [\"a.py\"]\n")
		}, []string{"b.py"}, `["python","b.py"]`},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", test.name, late), func(t *testing.T) {
				stack := newStack(t)
				w := web.Workload{Image: test.image(t), Command: test.command}
				secret := newSecret(stack, "Secret")
				if !late {
					w.Secrets = map[string]web.Secret{"SECRET": secret}
				}
				service, _ := lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{})
				if late {
					service.AddSecret("SECRET", secret)
				}
				template := templatetest.Of(t, stack)
				template.Want(kind, "ImageConfig", `{"EntryPoint":`+entryPoint+`,"Command":`+test.want+`}`)
				if got := template.Get(kind, "Environment.Variables.CDKWEB_SECRET_SECRET.Ref"); got == nil {
					t.Error("the adapter is not told where the secret is")
				}
			})
		}
	}
}

// A Go server is started as its image starts it.
func TestSecretsOfGo(t *testing.T) {
	stack := newStack(t)
	w := web.Workload{Image: webimage.Go("./integ/hello", nil), Secrets: map[string]web.Secret{"SECRET": newSecret(stack, "Secret")}}
	lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{})
	templatetest.Of(t, stack).Want(kind, "ImageConfig.Command", `["/app/server"]`)
}

// Without the adapter, or without knowing what to start, there is a sentence; and nothing is asked of
// services that have no secrets.
func TestSecretsNeed(t *testing.T) {
	const cannot = "cannot be handed to the server on Lambda: "
	for name, test := range map[string]struct {
		image webimage.Image
		want  string
	}{
		"another adapter": {existing(""), cannot + "the image is not known to hold this library's adapter, which gets them there; build it with webimage.Go or"},
		"not known to hold one": {webimage.URI(privateURI, &webimage.ExistingOptions{EntryPoint: []string{"/server"}}),
			cannot + "the image is not known to hold this library's adapter"},
		"an unknown start": {webimage.URI(privateURI, &webimage.ExistingOptions{Adapter: webimage.WithAdapter}),
			cannot + "the adapter starts it, and does not know how: "},
		"an unknown base": {dockerfile(t, "FROM node:22\nCMD [\"node\", \"server.js\"]\n"), cannot + "the adapter starts it, and does not know how: "},
		"nothing to start": {dockerfile(t, "FROM scratch\n"), cannot + "the image has neither ENTRYPOINT nor CMD, so there is nothing to start; " +
			"write an ENTRYPOINT into the Dockerfile, or set Workload.Command"},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			secret := newSecret(stack, "Secret")
			w := web.Workload{Image: test.image}
			service, _ := lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{})
			hostingtest.WantPanic(t, "Stack/Site", `AddSecret("SECRET") `+test.want, func() { service.AddSecret("SECRET", secret) })
			w.Secrets = map[string]web.Secret{"SECRET": secret}
			hostingtest.WantPanic(t, "Stack/Next", "Workload.Secrets "+test.want, func() { lambdaweb.NewService(stack, "Next", w, lambdaweb.Hosting{}) })
		})
	}
}

// References are variables of the function, which has 4,096 bytes for them.
func TestSecretsSize(t *testing.T) {
	stack := newStack(t)
	w := web.Workload{Image: startable(), Secrets: map[string]web.Secret{}}
	for i := range 70 {
		w.Secrets[fmt.Sprintf("SECRET_%d", i)] = newSecret(stack, fmt.Sprintf("Secret%d", i))
	}
	const want = "must not have more than 4096 bytes in all names and values on Lambda, got "
	const many = "4820, of which 4820 are references to secrets, and 29 of PORT and the hosting's own; let the server read some of the secrets itself"
	hostingtest.WantPanic(t, "Stack/Site", "Workload.Secrets "+want+many, func() { lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{}) })
	w.Secrets = map[string]web.Secret{}
	w.Environment = map[string]string{"BIG": strings.Repeat("x", 4000)}
	service, _ := lambdaweb.NewService(stack, "Other", w, lambdaweb.Hosting{})
	hostingtest.WantPanic(t, "Stack/Other", `AddSecret("SECRET") `+want, func() { service.AddSecret("SECRET", newSecret(stack, "Last")) })
}

// What replaces the environment on the L1 does not lose a secret silently.
func TestReplacedSecrets(t *testing.T) {
	stack := newStack(t)
	service, resources := lambdaweb.NewService(stack, "Site", web.Workload{Image: startable()}, lambdaweb.Hosting{})
	function := resources.Function.Node().DefaultChild().(awslambda.CfnFunction)
	function.SetEnvironment(&awslambda.CfnFunction_EnvironmentProperty{Variables: &map[string]*string{"MINE": new("1")}})
	service.AddSecret("TOKEN", newSecret(stack, "Secret"))
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "the variables TOKEN were added to the service, but its environment was replaced") {
			t.Errorf("got panic %s, want a sentence about TOKEN", text)
		}
	}()
	stack.Node().Root().(awscdk.App).Synth(nil)
}

// What replaces ImageConfig on the L1, before or after the secrets, takes none of them away, and
// keeps what it says itself.
func TestReplacedImageConfig(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(fmt.Sprintf("late secrets %v", late), func(t *testing.T) {
			stack := newStack(t)
			secret := newSecret(stack, "Secret")
			w := web.Workload{Image: startable()}
			if !late {
				w.Secrets = map[string]web.Secret{"TOKEN": secret}
			}
			service, resources := lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{})
			function := resources.Function.Node().DefaultChild().(awslambda.CfnFunction)
			function.SetImageConfig(&awslambda.CfnFunction_ImageConfigProperty{
				WorkingDirectory: new("/data"), Command: &[]*string{new("mine")},
			})
			if late {
				service.AddSecret("TOKEN", secret)
			}
			templatetest.Of(t, stack).Want(kind, "ImageConfig", `{
				"EntryPoint": ["/opt/extensions/cdkweb-adapter", "exec", "--"],
				"Command": ["/app/server", "--color", "run"],
				"WorkingDirectory": "/data"
			}`)
		})
	}
}
