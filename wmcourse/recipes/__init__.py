"""How anything of the course is trained, measured and shipped; what is one chapter's alone is in its folder."""
