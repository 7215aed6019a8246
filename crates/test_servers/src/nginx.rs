//! nginx as Debian packs it (1.22), as a proxy that keeps its connections to one server.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::server::{Server, StartError, at_free_port, directory};

/// A running proxy.
#[derive(Debug)]
pub struct Nginx {
    // Stopped before its directory goes.
    _server: Server,
    _directory: TempDir,
    port: u16,
}

impl Nginx {
    /// Starts a proxy in front of the HTTP/1.1 server at `upstream`, host and port.
    ///
    /// # Errors
    /// [`StartError`]: it is not installed, or does not listen.
    pub fn start(upstream: &str) -> Result<Self, StartError> {
        let directory = directory()?;
        let (server, port) = at_free_port(|port| serve(directory.path(), port, upstream))?;
        Ok(Self { _server: server, _directory: directory, port })
    }

    /// Host and port.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Which nginx it is.
    ///
    /// # Errors
    /// [`StartError`]: it is not installed.
    pub fn version() -> Result<String, StartError> {
        let said = Command::new("nginx").arg("-v").output()?;
        Ok(String::from_utf8_lossy(&said.stderr).trim().to_owned())
    }
}

/// A worker a core, connections kept at both ends, no log: as who wants it to be quick sets it up.
fn config(port: u16, upstream: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path temporary_{name};\n"))
        .concat();
    format!(
        "daemon off;
pid nginx.pid;
worker_processes auto;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
{temporary}    access_log off;
    tcp_nodelay on;
    keepalive_requests 10000000;
    upstream role {{
        server {upstream};
        keepalive 256;
        keepalive_requests 10000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://role;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
    )
}

fn serve(directory: &Path, port: u16, upstream: &str) -> Result<Server, StartError> {
    fs::write(directory.join("nginx.conf"), config(port, upstream))?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(directory).args(["-e", "stderr", "-c", "nginx.conf"]);
    command.current_dir(directory);
    Server::start(command, directory, port, "TERM")
}
