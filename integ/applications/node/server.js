// A page that greets whoever has said a name, with Node's own http.
const http = require("node:http");
const fs = require("node:fs");

const binary = process.execPath; // any binary file will do

http.createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (request.method === "GET" && pathname === "/") {
    const name = /(?:^|; )name=([^;]*)/.exec(request.headers.cookie ?? "")?.[1] ?? "stranger";
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(`<h1>Hello ${decodeURIComponent(name)}</h1>\n`);
  } else if (request.method === "POST" && pathname === "/name") {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const name = new URLSearchParams(Buffer.concat(chunks).toString()).get("name");
      response.writeHead(303, { Location: "./", "Set-Cookie": [`name=${encodeURIComponent(name)}; Path=/`, "seen=1"] });
      response.end();
    });
  } else if (request.method === "GET" && pathname === "/binary") {
    response.setHeader("Content-Type", "application/octet-stream");
    fs.createReadStream(binary, { end: 65535 }).pipe(response);
  } else {
    response.writeHead(404, { "Content-Type": "text/plain" });
    response.end("nothing here\n");
  }
}).listen(process.env.PORT ?? 8080);
