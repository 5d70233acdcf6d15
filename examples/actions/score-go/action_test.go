package main

import (
	"testing"

	"weir.dev/action/actiontest"
)

const weights = `{"weights": {"company": 20, "visits": 10, "note": 1, "big": 1}, "hot": 60}`

func TestSignalsBringPointsInTheOrderOfTheirNames(t *testing.T) {
	host := actiontest.New(t)
	lead := `{"id": "lead-7", "name": "Ada\u0000<é>", "company": true, "visits": [1, {}, []], "note": "né😀", "big": 1e300}`
	want := `{"value":1053,"reasons":[{"signal":"big","points":1000},{"signal":"company","points":20},` +
		`{"signal":"note","points":3},{"signal":"visits","points":30}],"depth":3,"name":"Ada\u0000<é>","seen":1}`
	output, err := host.Run(weights, lead)
	if err != nil || output.Payload != want || output.Branch != "hot" {
		t.Errorf("%+v %v", output, err)
	}
	if lines := host.Lines(); len(lines) != 1 || lines[0].Message != "lead-7 scores 1053" || lines[0].Fields != `{"score":1053}` {
		t.Errorf("%+v", lines)
	}
}

func TestALeadIsCountedEachTime(t *testing.T) {
	host := actiontest.New(t)
	for _, want := range []string{"1", "2"} {
		output, err := host.Run(`{}`, `{"id": "no proper id"}`)
		if err != nil || output.Payload != `{"value":0,"reasons":[],"depth":1,"name":null,"seen":`+want+`}` || output.Branch != "cold" {
			t.Errorf("%+v %v", output, err)
		}
	}
}

func TestWhatIsNoLeadIsRefused(t *testing.T) {
	host := actiontest.New(t)
	if _, err := host.Run(`{}`, `[]`); err == nil || err.Error() != "a lead is a JSON object" {
		t.Error(err)
	}
}

func TestWrongSettingsAreFound(t *testing.T) {
	host := actiontest.New(t)
	for config, want := range map[string]string{
		`{"weights": {"visits": 1001}}`:  "weights.visits: 1001 is no whole number from 0 to 1000",
		`{"weights": {"visits": "ten"}}`: "config at `weights.visits`: expected a whole number, found string",
		`{"hot": 1.5}`:                   "config at `hot`: expected a whole number, found 1.5",
	} {
		if findings := host.Validate(config); len(findings) != 1 || findings[0] != want {
			t.Errorf("%s: %q", config, findings)
		}
	}
	if findings := host.Validate(`{"weights": {"visits": 1000}, "hot": -1}`); len(findings) > 0 {
		t.Error(findings)
	}
}
