"""Is everything there that a night needs: of the machine, of the lake, of the shops."""
