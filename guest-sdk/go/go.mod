module weir.dev/action

go 1.24
