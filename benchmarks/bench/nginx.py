"""nginx as a proxy beside the gateway."""

import contextlib
import shutil
import subprocess

from . import processes

# Headers and bodies go on as they come, connections are kept on both sides, and nothing is logged.
CONFIG = """
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_buffer_size 64k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream container {{
    server {origin};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://container;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }}
  }}
}}
"""


def obstacle():
    """Why nginx can't be run here, or None."""
    return None if shutil.which("nginx") else "nginx is not installed"


def version():
    run = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).strip().removeprefix("nginx version: ")


@contextlib.contextmanager
def proxy(folder, origin, workers):
    """Runs nginx in front of `origin`; gives its process and its port."""
    folder.mkdir()
    port = processes.free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, origin=origin, port=port, workers=workers), encoding="utf-8")
    log = folder / "output.log"
    with processes.running(["nginx", "-c", config, "-e", folder / "error.log"], log) as process:
        processes.wait_until_ok(f"http://127.0.0.1:{port}/ping", process, log)
        yield process, port
