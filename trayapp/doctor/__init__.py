"""Whether everything Trayapp needs is there and works; no check waits for another."""
