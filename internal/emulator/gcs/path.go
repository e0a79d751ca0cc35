package gcs

import (
	"net/url"
	"strings"
)

// matchPath compares an escaped path with a pattern. It works on escaped segments, since an object name
// may hold "/", "//" and ".." and http.ServeMux would clean them away.
func matchPath(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, segment := range want {
		name, isParam := strings.CutPrefix(segment, "{")
		if !isParam {
			if segment != got[i] {
				return nil, false
			}
			continue
		}
		if got[i] == "" {
			return nil, false
		}
		params[strings.TrimSuffix(name, "}")] = got[i]
	}
	return unescape(params)
}

func unescape(params map[string]string) (map[string]string, bool) {
	for name, value := range params {
		plain, err := url.PathUnescape(value)
		if err != nil {
			return nil, false
		}
		params[name] = plain
	}
	return params, true
}
