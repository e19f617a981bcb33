"""Where a frozen program begins."""

import sys

from trayapp.__main__ import main

sys.exit(main())
