"""Parts that screens are made of: big, themed, told apart by more than colour. UI thread."""
