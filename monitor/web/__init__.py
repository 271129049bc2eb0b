"""The archive in a browser: Starlette pages served by uvicorn in a thread.

The app hands over a `Services` and gets an ASGI application; `Server` listens with it:

    token  = load_token(folder / web.token_file) if web.auth == "token" else None
    server = Server(create_app(Services(…, token=token)), *check_listen(web))
    server.start()          # server.url, server.taken_port
    server.stop()
"""

from monitor.web.application import create_app
from monitor.web.guard import load_token
from monitor.web.server import Server, check_listen
from monitor.web.services import Services

__all__ = ["Server", "Services", "check_listen", "create_app", "load_token"]
