"""Engines that read a text aloud; none of them is needed for anything but `synthesize`."""
