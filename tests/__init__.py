"""The tests are packages, so that two areas may have files of one name."""
