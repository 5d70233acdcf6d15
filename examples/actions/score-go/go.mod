module score-go

go 1.24

require weir.dev/action v0.0.0

replace weir.dev/action => ../../../guest-sdk/go
