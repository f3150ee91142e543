"""`python -m broker`: the command `broker`."""

from broker.cli import main

main()
