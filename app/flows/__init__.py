"""What a person does, without Qt."""
