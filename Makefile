# News Monitor. `make run` starts it, `make test` tests it; both set up .venv first if need be.

MONITOR = .venv/bin/python -m monitor
PIP     = .venv/bin/python -m pip --disable-pip-version-check
LOG     = .venv/install.log
TESTS   = tests
KILLS   = 100
TERMS   = 20

.PHONY: help install run demo test check bench torture clean

help:
	@echo 'make run      set up what is missing, then start the service (Ctrl-C ends it)'
	@echo 'make demo     the same on sample news, without network'
	@echo 'make install  only the set-up: run-time packages into .venv'
	@echo 'make test     all tests; one file: make test TESTS=tests/test_query.py'
	@echo 'make check    style and types'
	@echo 'make bench    speed on this machine; more feeds: make bench N=2000'
	@echo 'make torture  kill the service again and again; more often: make torture KILLS=1000'
	@echo 'make clean    remove .venv and caches; never data/'

# A folder that was moved or renamed leaves its commands behind: they name the old place.
install: .venv/.run-time
	@grep -qsF '$(CURDIR)/.venv/' .venv/bin/monitor || { \
	    rm -f .venv/.run-time .venv/.dev; $(MAKE) --no-print-directory .venv/.run-time; }

run: install
	@exec $(MONITOR) run

demo: install
	@exec $(MONITOR) demo

test: .venv/.dev
	@exec .venv/bin/python -m pytest -n 2 $(TESTS)

check: .venv/.dev
	@.venv/bin/python -m ruff check
	@.venv/bin/python -m ruff format --check
	@.venv/bin/python -m mypy

bench: .venv/.dev
	@.venv/bin/python -m bench.poll $(N)
	@.venv/bin/python -m bench.parse
	@.venv/bin/python -m bench.match
	@.venv/bin/python -m bench.rhythm

torture: .venv/.dev
	@.venv/bin/python -m bench.torture --kills $(KILLS) --terms $(TERMS)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second start cost nothing; they go stale with the list of packages.
.venv/.run-time: pyproject.toml constraints.txt
	@$(set_up_venv)
	@echo 'Installing the packages into .venv (about half a minute) ...'
	@$(call pip_install,.)
	@$(PIP) install --quiet --constraint constraints.txt --only-binary :all: ahocorasick-rs >>$(LOG) 2>&1 || \
	    echo 'This machine gets no ahocorasick-rs, which finds words faster: all works without it.'
	@touch $@

.venv/.dev: .venv/.run-time
	@echo 'Installing the test tools into .venv ...'
	@$(call pip_install,.[dev])
	@touch $@

# The first Python of 3.11 or newer, asked by running it: a name in PATH may be an empty shim.
# Debian ships Python without ensurepip, which is what venv needs to bring pip along.
define set_up_venv
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then \
    python=; for name in python3 python3.13 python3.12 python3.11; do \
        if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
            python=$$name; break; \
        fi; \
    done; \
    if [ -z "$$python" ]; then \
        echo 'News Monitor needs Python 3.11 or newer, and none was found: install it (Debian, Ubuntu: apt install python3 python3-venv) and try again.' >&2; \
        exit 1; \
    fi; \
    if ! $$python -c 'import ensurepip, venv' 2>/dev/null || ! $$python -m venv --clear .venv; then \
        echo "$$python cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv) and try again." >&2; \
        exit 1; \
    fi; \
fi
endef

# pip finds its index by its own settings (pip.conf, PIP_INDEX_URL, ...): nothing here overrides them.
define pip_install
if ! $(PIP) install --quiet --constraint constraints.txt --editable '$(1)' >$(LOG) 2>&1; then \
    echo 'pip could not install the packages: check the network, or name a reachable package index (pip config set global.index-url ADDRESS), and try again; pip'"'"'s own words are in $(LOG).' >&2; \
    exit 1; \
fi
endef
