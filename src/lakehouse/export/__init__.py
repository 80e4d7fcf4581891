"""What leaves the lake: campaign files. Only here are the vault's names and addresses joined."""
