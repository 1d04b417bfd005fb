"""The sentences that answer a document's questions, one module per subject, composed from the evidence."""
