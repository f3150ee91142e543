"""`python -m broker`: the command `broker`."""

from broker.commands.cli import main

main()
