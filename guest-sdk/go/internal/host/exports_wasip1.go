package host

import "unsafe"

// Results of the exports, as words; the host reads them before it calls again.
var (
	described [20]uint32
	validated [3]uint32
	ran       [6]uint32
)

func registered() *Action {
	if Registered == nil {
		panic("no action is registered: call action.Register in func init() of package main")
	}
	return Registered
}

//go:wasmexport describe
func describe() unsafe.Pointer {
	kept = nil
	info := registered().Describe()
	d := &described
	d[0], d[1] = keep(info.Name)
	d[2], d[3] = keep(info.Title)
	d[4], d[5] = keep(info.Version)
	d[6], d[7] = keep(info.Description)
	d[8], d[9] = keep(info.ConfigSchema)
	d[10] = flag(info.InputSchema != "")
	d[11], d[12] = keep(info.InputSchema)
	d[13] = flag(info.OutputSchema != "")
	d[14], d[15] = keep(info.OutputSchema)
	d[16], d[17] = keepStrings(info.Branches)
	words := make([]uint32, 0, 5*len(info.Capabilities))
	for _, wanted := range info.Capabilities {
		name, length := keep(wanted.Name)
		methods, count := keepStrings(wanted.Methods)
		words = append(words, uint32(wanted.Kind), name, length, methods, count)
	}
	d[18], d[19] = keepWords(words), uint32(len(info.Capabilities))
	return unsafe.Pointer(d)
}

//go:wasmexport validate
func validate(config, length uint32) unsafe.Pointer {
	kept = nil
	findings := registered().Validate(takeString(config, length))
	validated[0] = flag(len(findings) > 0)
	validated[1], validated[2] = keepStrings(findings)
	return unsafe.Pointer(&validated)
}

//go:wasmexport run
func run(arguments unsafe.Pointer) unsafe.Pointer {
	kept = nil
	a := (*[17]uint32)(arguments)
	context := Context{
		Tenant:         takeString(a[0], a[1]),
		Flow:           takeString(a[2], a[3]),
		FlowVersion:    a[4],
		Step:           takeString(a[5], a[6]),
		Execution:      takeString(a[7], a[8]),
		Attempt:        a[9],
		DeadlineMs:     a[10],
		IdempotencyKey: takeString(a[11], a[12]),
	}
	config, input := takeString(a[13], a[14]), takeString(a[15], a[16])
	delete(received, address(arguments))
	output, failure := registered().Run(context, config, input)
	ran = [6]uint32{}
	if failure != nil {
		ran[0], ran[1] = 1, uint32(failure.Kind)
		ran[2], ran[3] = keep(failure.Text)
		if failure.AfterMs != nil {
			ran[4], ran[5] = 1, *failure.AfterMs
		}
		return unsafe.Pointer(&ran)
	}
	ran[1], ran[2] = keep(output.Payload)
	ran[3] = flag(output.Branch != "")
	ran[4], ran[5] = keep(output.Branch)
	return unsafe.Pointer(&ran)
}
