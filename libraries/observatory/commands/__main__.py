"""`python -m observatory.commands`: the command `observatory`, where its script is not on the path."""

from observatory.commands.main import main

main(prog_name="observatory")
