package failure

// requests are the rows about a request to the API.
func requests() []Row {
	return nil
}
