"""A page that greets whoever has said a name, as a WSGI application on the standard library's server."""

import os
import sys
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, quote, unquote
from wsgiref.simple_server import make_server


def application(environ, start_response):
    route = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if route == ("GET", "/"):
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("name")
        name = unquote(cookie.value) if cookie else "stranger"
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [f"<h1>Hello {name}</h1>\n".encode()]
    if route == ("POST", "/name"):
        form = parse_qs(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())
        cookies = [("Set-Cookie", f"name={quote(form['name'][0])}; Path=/"), ("Set-Cookie", "seen=1")]
        start_response("303 See Other", [("Location", "./"), *cookies])
        return [b""]
    if route == ("GET", "/binary"):
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        with open(os.path.realpath(sys.executable), "rb") as file:
            return [file.read(65536)]
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"nothing here\n"]


make_server("", int(os.environ.get("PORT", "8080")), application).serve_forever()
