package ledger

// CertificateBody is the evidence that a certificate of an erasure was issued.
type CertificateBody struct {
	// Certificate is the opaque id of the certificate, Erasure that of the erasure.
	Certificate string `json:"certificate"`
	Erasure     string `json:"erasure"`
	// Stage is first or final.
	Stage string `json:"stage"`
	// FileSHA256 is the hex SHA-256 of the signed file, byte by byte.
	FileSHA256 string `json:"file_sha256"`
	// Open counts the stores of which it says that something is open.
	Open int64 `json:"open"`
	// GoneBy is the day by which the subject is gone everywhere; "" is left out, where nobody could say.
	GoneBy string `json:"gone_by,omitempty"`
}

func (CertificateBody) ledgerBody() {}
