package failure

// messages are the rows about mail and webhooks.
func messages() []Row {
	return nil
}
