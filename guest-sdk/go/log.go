package action

import (
	"context"
	"log/slog"
	"slices"

	"weir.dev/action/internal/host"
)

// LevelTrace is below slog.LevelDebug, for lines that are of use to the action's author alone.
const LevelTrace = slog.Level(-8)

func init() { slog.SetDefault(slog.New(LogHandler())) }

// LogHandler is the handler that writes to the run's log. It is slog's default already; a component that logs through
// another slog.Logger needs it.
//
// Attributes become the line's fields. Those of a group have the group's name and a dot in front: slog.Group("lead",
// "id", 7) is the field `lead.id`. weir notes the time, so a record's own time is not sent.
//
//	slog.Info("scored", "score", 42)
func LogHandler() slog.Handler { return handler{} }

type handler struct {
	prefix string
	attrs  []slog.Attr // with their whole names
}

func (handler) Enabled(context.Context, slog.Level) bool { return true }

func (h handler) Handle(_ context.Context, record slog.Record) error {
	fields := map[string]any{}
	for _, attr := range h.attrs {
		add(fields, "", attr)
	}
	record.Attrs(func(attr slog.Attr) bool {
		add(fields, h.prefix, attr)
		return true
	})
	text := ""
	if len(fields) > 0 {
		var err error
		if text, err = write(fields); err != nil {
			text, _ = write(map[string]string{"unwritable": err.Error()})
		}
	}
	host.Log(level(record.Level), record.Message, text)
	return nil
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Clip(h.attrs)
	for _, attr := range attrs {
		h.attrs = append(h.attrs, slog.Attr{Key: h.prefix + attr.Key, Value: attr.Value})
	}
	return h
}

func (h handler) WithGroup(name string) slog.Handler {
	if name != "" {
		h.prefix += name + "."
	}
	return h
}

func add(fields map[string]any, prefix string, attr slog.Attr) {
	value := attr.Value.Resolve()
	if attr.Equal(slog.Attr{}) {
		return
	}
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			prefix += attr.Key + "."
		}
		for _, inside := range value.Group() {
			add(fields, prefix, inside)
		}
		return
	}
	switch plain := value.Any().(type) {
	case error:
		fields[prefix+attr.Key] = plain.Error()
	default:
		if value.Kind() == slog.KindDuration {
			fields[prefix+attr.Key] = value.Duration().String()
			return
		}
		fields[prefix+attr.Key] = plain
	}
}

func level(of slog.Level) uint8 {
	switch {
	case of < slog.LevelDebug:
		return 0
	case of < slog.LevelInfo:
		return 1
	case of < slog.LevelWarn:
		return 2
	case of < slog.LevelError:
		return 3
	default:
		return 4
	}
}
