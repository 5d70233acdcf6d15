package main

import (
	"testing"

	"weir.dev/action/actiontest"
)

func TestALeadOfManyVisitsIsHot(t *testing.T) {
	host := actiontest.New(t)
	output, err := host.Run(`{"hot": 60}`, `{"email": "ada@example.com", "visits": 7}`)
	if err != nil {
		t.Fatal(err)
	}
	if output.Branch != "hot" || output.Payload != `{"value":70}` {
		t.Errorf("%+v", output)
	}
	if lines := host.Lines(); len(lines) != 1 || lines[0].Message != "ada@example.com is scored" {
		t.Errorf("%+v", lines)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	host := actiontest.New(t)
	_, err := host.Run(`{}`, `{"email": "ada@example.com", "visits": "many"}`)
	if err == nil || err.Error() != "input at `visits`: expected a whole number, found string" {
		t.Error(err)
	}
	if findings := host.Validate(`{"hot": -1}`); len(findings) != 1 {
		t.Error(findings)
	}
}
