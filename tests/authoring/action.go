// The action wrong-go: goes wrong in the way that its input says.
package main

import (
	"os"

	"weir.dev/action"
)

type Config struct {
	Hot int `json:"hot" schema:"min=0"`
}

type Input struct {
	What string `json:"what" schema:"required"`
}

func main() {}

func init() {
	action.Register(action.Definition[Config, Input, any]{
		Name: "wrong-go", Version: "1.0.0", Branches: []string{"hot", "cold"}, Run: run,
	})
}

func run(ctx action.Context, config Config, input Input) (action.Result[any], error) {
	switch input.What {
	case "raise":
		return action.Next[any](first(nil)), nil
	case "goroutine":
		done := make(chan int)
		go func() { done <- first(nil) }()
		return action.Next[any](<-done), nil
	case "recurse":
		return action.Next[any](recurse(1)), nil
	case "loop":
		return action.Next[any](turn()), nil
	case "hog":
		return action.Next[any](hog()), nil
	case "exit":
		os.Exit(3)
	case "wait":
		select {}
	case "branch":
		return action.To[any]("warm", 1), nil
	case "no JSON":
		return action.Next[any](func() {}), nil
	case "hot":
		return action.To[any]("hot", 1), nil
	}
	return action.Result[any]{}, action.Invalid("nobody knows how to %s", input.What)
}

//go:noinline
func first(visits []int) int {
	return visits[0]
}

//go:noinline
func recurse(depth int) int {
	return recurse(depth+1) + 1
}

var turns int

//go:noinline
func turn() int {
	for {
		turns++
	}
}

//go:noinline
func hog() int {
	var blocks [][]byte
	for {
		block := make([]byte, 1<<20)
		for at := range block {
			block[at] = 1
		}
		blocks = append(blocks, block)
	}
}
