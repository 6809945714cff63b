"""What several tests need: synthetic DICOM, tiny models, shared material."""
