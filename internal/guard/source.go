package guard

// NoSource is what is found of a bucket of the app that does not exist.
func NoSource() Finding {
	return Finding{
		Key: Missing, Level: Drift, Care: ByHand, Says: "the app has no such bucket",
		Mend: "name the right one under promises.backups.files of the policy",
	}
}

// Unlisted is what is found of a bucket of the app whose files may not be listed.
func Unlisted(bucket string) Finding {
	return unreadable(bucket, "the app's files may not be listed (storage.objects.list is missing)")
}

// Unread is what is found of a bucket of the app whose files may be listed and not
// read.
func Unread(bucket string) Finding {
	return unreadable(bucket, "the app's files may be listed and not read (storage.objects.get is missing)")
}

func unreadable(bucket, says string) Finding {
	return Finding{
		Key: Unreadable, Level: Drift, Care: ByHand, Says: says,
		Mend: "gcloud storage buckets add-iam-policy-binding gs://" + bucket +
			" --member=serviceAccount:ACCOUNT --role=roles/storage.objectViewer, with the account of this worker",
	}
}
