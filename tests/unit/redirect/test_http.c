/* SPDX-License-Identifier: Apache-2.0 */
/* Raw bytes to answers: each row whole, byte by byte and split in two at every position, always with the same result.
 */
#include "tests/unit/redirect/kit.h"

#define DL "Host: dl.example.org\r\n"
#define TO "302 https://fra1.content.example.org"
#define B(literal) (literal), sizeof(literal) - 1

struct row {
	const char *bytes;
	size_t len;
	const char *said;
};

static const struct row rows[] = {
	/* plain requests */
	{ B("GET / HTTP/1.1\r\n" DL "\r\n"), TO "/, open" },
	{ B("GET /a/x?q=1 HTTP/1.1\r\n" DL "\r\n"), TO "/a/x?q=1, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "User-Agent: t/1\r\nAccept: */*\r\nCookie: a=b; c=\xc3\xa9\r\n\r\n"),
	  TO "/a, open" },
	{ B("HEAD /a HTTP/1.1\r\n" DL "\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nhost:dl.example.org\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHOST: \t DL.Example.ORG \t \r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org.\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org:80\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org.:8080\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org:\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: x.mirror.example.org\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: a.b.c.mirror.example.org\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: mirror.example.org\r\n\r\n"), "404, open" },
	{ B("GET /a HTTP/1.1\r\nHost: xmirror.example.org\r\n\r\n"), "404, open" },
	{ B("GET /a HTTP/1.1\r\nHost: A.Echo.Example.Org:81\r\n\r\n"),
	  "302 https://a.echo.example.org/eu/a.echo.example.org/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: see.example.org\r\n\r\n"), "303 http://192.0.2.7:8080/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: [2001:db8:0:0::80]:80\r\n\r\n"), "303 http://192.0.2.7:8080/a, open" },
	{ B("GET /a?b HTTP/1.1\r\nHost: prefix.example.org\r\n\r\n"),
	  "307 https://cdn.example.net/base/path/a?b, open" },
	{ B("GET /a HTTP/1.1\r\nHost: spare.example.org\r\n\r\n"), "302 https://ams1.example.net/a, open" },
	{ B("GET /a HTTP/1.1\r\nHost: other.example.org\r\n\r\n"), "404, open" },
	{ B("GET /a HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"), "404, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "Empty:\r\nX: y\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\n" DL
	    "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n"),
	  TO "/a, open" },
	{ B("\r\nGET /a HTTP/1.1\r\n" DL "\r\n"), TO "/a, open" },
	{ B("\r\n\r\nGET /a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\n\r\n"),
	  TO "/a, open" },

	/* measured on other servers: a write, a header made of an escaped path, an echoed Host, an absolute target */
	{ B("POST /a/x HTTP/1.1\r\n" DL "Content-Length: 4\r\n\r\nbody"), "405, open" },
	{ B("GET /b/x%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /c/x HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "404, open" },
	{ B("GET http://evil.example/c/x HTTP/1.1\r\nHost: other.example\r\n\r\n"), "404, open" },
	{ B("GET http://evil.example/c/x HTTP/1.1\r\n" DL "\r\n"), "404, open" },

	/* paths and queries */
	{ B("GET //evil.example/x HTTP/1.1\r\n" DL "\r\n"), TO "/evil.example/x, open" },
	{ B("GET ////x HTTP/1.1\r\n" DL "\r\n"), TO "/x, open" },
	{ B("GET /x//y HTTP/1.1\r\n" DL "\r\n"), TO "/x//y, open" },
	{ B("GET /../../etc/passwd HTTP/1.1\r\n" DL "\r\n"), TO "/../../etc/passwd, open" },
	{ B("GET /%2e%2E/%2f%2Fevil HTTP/1.1\r\n" DL "\r\n"), TO "/%2e%2E/%2f%2Fevil, open" },
	{ B("GET /a%20b?c=%0d%0a&d=%00 HTTP/1.1\r\n" DL "\r\n"), TO "/a%20b?c=%0d%0a&d=%00, open" },
	{ B("GET /a?b?c=/?;:@!$'()*+,=-._~ HTTP/1.1\r\n" DL "\r\n"), TO "/a?b?c=/?;:@!$'()*+,=-._~, open" },
	{ B("GET /%00 HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /%7F HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /%1f?%1f HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /100% HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /%4 HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /%zz HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a#b HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /\\evil.example HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET \\\\evil.example HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /<script> HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /\"x HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a[] HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?f[x]={1|2}^`3` HTTP/1.1\r\n" DL "\r\n"), TO "/a?f[x]={1|2}^`3`, open" },
	{ B("GET /a|b?c HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?\"x HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?<x HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?x> HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?x\\y HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?x#y HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a?x\xc3\xa9 HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /\xc3\xa9 HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /\x7f HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a\0b HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a\tb HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a b HTTP/1.1\r\n" DL "\r\n"), "400, close" },

	/* forms of the target */
	{ B("GET http://dl.example.org/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n"), TO "/a?b, open" },
	{ B("GET HTTP://DL.Example.org:80/a HTTP/1.1\r\nHost: other.example\r\n\r\n"), TO "/a, open" },
	{ B("GET http://dl.example.org HTTP/1.1\r\nHost: x\r\n\r\n"), TO "/, open" },
	{ B("GET http://dl.example.org?b HTTP/1.1\r\nHost: x\r\n\r\n"), TO "/?b, open" },
	{ B("GET http://dl.example.org//evil HTTP/1.1\r\nHost: x\r\n\r\n"), TO "/evil, open" },
	{ B("GET http://dl.example.org/a HTTP/1.0\r\n\r\n"), TO "/a, close" },
	{ B("GET http://dl.example.org/a HTTP/1.1\r\n\r\n"), "400, close" },
	{ B("GET https://dl.example.org/a HTTP/1.1\r\n" DL "\r\n"), "421, open" },
	{ B("GET http://u:p@dl.example.org/ HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET http://evil.example\\@dl.example.org/ HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET http://dl.example.org:99999/ HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET http:///a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET ftp://dl.example.org/a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET javascript:alert(1) HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET dl.example.org:80 HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET * HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET ?a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET a HTTP/1.1\r\n" DL "\r\n"), "400, close" },

	/* methods */
	{ B("OPTIONS * HTTP/1.1\r\n" DL "\r\n"), "204, open" },
	{ B("OPTIONS * HTTP/1.1\r\nHost: nobody.example\r\n\r\n"), "204, open" },
	{ B("OPTIONS *x HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("OPTIONS /a HTTP/1.1\r\n" DL "Origin: https://x.example\r\n\r\n"), "204, open" },
	{ B("OPTIONS /a HTTP/1.1\r\nHost: nobody.example\r\n\r\n"), "404, open" },
	{ B("POST / HTTP/1.1\r\n" DL "\r\n"), "405, open" },
	{ B("PUT / HTTP/1.1\r\n" DL "Content-Length: 0\r\n\r\n"), "405, open" },
	{ B("DELETE /a HTTP/1.1\r\n" DL "\r\n"), "405, open" },
	{ B("PATCH /a HTTP/1.1\r\n" DL "\r\n"), "405, open" },
	{ B("PROPFIND /a HTTP/1.1\r\n" DL "\r\n"), "405, open" },
	{ B("TRACE /a HTTP/1.1\r\n" DL "\r\n"), "405, open" },
	{ B("CONNECT dl.example.org:443 HTTP/1.1\r\n" DL "\r\n"), "405, close" },
	{ B("CONNECT dl.example.org HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("CONNECT /a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("POST /a?b HTTP/1.1\r\nHost: writes.example.org\r\nContent-Length: 3\r\n\r\nabc"),
	  "307 https://origin.example.org/api/a?b, open" },
	{ B("DELETE /a HTTP/1.1\r\nHost: writes.example.org\r\n\r\n"), "307 https://origin.example.org/api/a, open" },
	{ B("TRACE /a HTTP/1.1\r\nHost: writes.example.org\r\n\r\n"), "405, open" },
	{ B("CONNECT a.example:1 HTTP/1.1\r\nHost: writes.example.org\r\n\r\n"), "405, close" },
	{ B("POST /a HTTP/1.1\r\nHost: nobody.example\r\n\r\n"), "404, open" },
	{ B("BREW /a HTTP/1.1\r\n" DL "\r\n"), "501, close" },
	{ B("get /a HTTP/1.1\r\n" DL "\r\n"), "501, close" },
	{ B("GETT /a HTTP/1.1\r\n" DL "\r\n"), "501, close" },
	{ B("DESCRIBE /a HTTP/1.1\r\n" DL "\r\n"), "501, close" },
	{ B("G@T /a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B(" GET /a HTTP/1.1\r\n" DL "\r\n"), "400, close" },

	/* Host */
	{ B("GET /a HTTP/1.1\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost:\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: \t \r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Host: other.example\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Host:\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: a@dl.example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\\x\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org/x\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org, x\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.exa mple.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\0\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\x01\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org:8o\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org:65536\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org:80:80\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl..example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: .dl.example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: *.mirror.example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: %64l.example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: d\xc3\xa9.example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: 2001:db8::80\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: [2001:db8::80\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: [2001:db8::80]x\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: []\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost : dl.example.org\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost\t: dl.example.org\r\n\r\n"), "400, close" },

	/* lines and fields */
	{ B("GET /a HTTP/1.1\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "\rX: y\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\rX: y\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X: y\r\n folded\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X: y\r\n\tfolded\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n " DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "no colon\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL ": y\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X Y: z\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X : z\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X\t: z\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL ":\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "!#$%&'*+-.^_`|~: tchar\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "X\xc3: z\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X(Y): z\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X: a\0b\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X: a\x1b[2J\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "X: \x7f\r\n\r\n"), "400, close" },

	/* the request line */
	{ B("GET  /a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a  HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1 \r\n" DL "\r\n"), "400, close" },
	{ B("GET\t/a HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a\r\n"), "400, close" },
	{ B("GET /a\r\n\r\n"), "400, close" },
	{ B("GET\r\n\r\n"), "400, close" },
	{ B("GET  HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET HTTP/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a http/1.1\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/11\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.10\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/0.9\r\n" DL "\r\n"), "400, close" },
	{ B("GET /a HTTP/1.2\r\n" DL "\r\n"), "505, close" },
	{ B("GET /a HTTP/2.0\r\n" DL "\r\n"), "505, close" },
	{ B("GET /a HTTP/3.0\r\n" DL "\r\n"), "505, close" },
	{ B("GET /a RTSP/1.0\r\n" DL "\r\n"), "400, close" },
	{ B("SOURCE /a ICE/1.0\r\n" DL "\r\n"), "400, close" },
	{ B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505, close" },
	{ B("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "400, close" },
	{ B("SSH-2.0-OpenSSH_9.2p1\r\n"), "400, close" },
	{ B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /a HTTP/1.1\r\n" DL "\r\n"), "400, close" },

	/* HTTP/1.0 and persistence */
	{ B("GET /a HTTP/1.0\r\n" DL "\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.0\r\n" DL "Connection: keep-alive\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.0\r\n" DL "Connection: Keep-Alive, close\r\n\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.0\r\n" DL "Connection: keep-alive\r\nConnection: close\r\n\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.0\r\n\r\n"), "404, close" },
	{ B("GET /a HTTP/1.0\r\nHost:\r\n\r\n"), "404, close" },
	{ B("GET /a HTTP/1.0\r\nHost: a@b\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Connection: close\r\n\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Connection: x , CLOSE\r\n\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Connection: keep-alive, close\r\n\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Connection: close\r\nConnection: keep-alive\r\n\r\n"), TO "/a, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Connection: closed\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "Connection: close\r\n\r\nGET /b HTTP/1.1\r\n" DL "\r\n"), TO "/a, close" },

	/* bodies */
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\n" DL "\r\n"),
	  TO "/a, " TO "/b, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 5\r\n\r\nhel"), TO "/a, wait" },
	{ B("POST / HTTP/1.1\r\n" DL "Content-Length: 28\r\n\r\nGET /smuggled HTTP/1.1\r\nA: b"), "405, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 00\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 65536\r\n\r\n"), TO "/a, wait" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 65537\r\n\r\n"), "413, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Content-Length: 99999999\r\n\r\n"), "405, close" },
	{ B("POST /a HTTP/1.1\r\nHost: writes.example.org\r\nContent-Length: 99999999\r\n\r\n"),
	  "307 https://origin.example.org/api/a, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 5, 5\r\n\r\nhello"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length:\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: -1\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: +1\r\n\r\nx"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 0x1\r\n\r\nx"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 1 1\r\n\r\nx"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 18446744073709551616\r\n\r\n"), "400, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Content-Length: 18446744073709551615\r\n\r\n"), "413, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "405, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\n" DL
	    "\r\n"),
	  TO "/a, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
	  "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	  "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
	  "400, close" },
	{ B("POST /a HTTP/1.0\r\n" DL "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: gzip\r\n\r\n"), "501, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: identity\r\n\r\n"), "501, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: xchunked\r\n\r\n"), "501, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: gzip, chunked\r\n\r\n"), "501, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked, gzip\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked, chunked\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
	  "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n"),
	  "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding:\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: ,chunked\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: \x0b"
	    "chunked\r\n\r\n"),
	  "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: \"chunked\"\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding : chunked\r\n\r\n"), "400, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Transfer-Encoding: chunked;q=1\r\n\r\n"), "501, close" },
	{ B("POST /a HTTP/1.1\r\n" DL "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"), "405, close" },
	{ B("POST /a HTTP/1.1\r\nHost: writes.example.org\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\nhello"),
	  "307 https://origin.example.org/api/a, close" },
	{ B("GET /a HTTP/1.1\r\n" DL "Expect: 100-continue\r\n\r\n"), TO "/a, open" },
	{ B("GET /a HTTP/1.1\r\n" DL "Expect: tea\r\n\r\n"), "417, close" },
	{ B("POST /a HTTP/1.0\r\n" DL
	    "Connection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"),
	  "405, open" },

	/* pipelines, and what is not finished */
	{ B("GET /1 HTTP/1.1\r\n" DL "\r\nHEAD /2 HTTP/1.1\r\n" DL "\r\nGET /3 HTTP/1.1\r\n" DL "\r\n"),
	  TO "/1, " TO "/2, " TO "/3, open" },
	{ B("GET /1 HTTP/1.1\r\n" DL "\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n\r\nOPTIONS * HTTP/1.1\r\n" DL
	    "\r\nGET /"),
	  TO "/1, 404, 204, wait" },
	{ B("GET /1 HTTP/1.1\r\n" DL "\r\nGET /2 HTTP/1.1\n\nGET /3 HTTP/1.1\r\n" DL "\r\n"), TO "/1, 400, close" },
	{ B("POST /1 HTTP/1.1\r\n" DL "Content-Length: 2\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\n" DL "\r\n"),
	  "405, " TO "/2, open" },
	{ B("G"), "wait" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\r\n"), "wait" },
	{ B("GET /a HTTP/1.1\r\nHost: dl.example.org\r\n\r"), "wait" },
	{ B("\r\n"), "open" },
};

static struct kit kit;

static const char *feed_split(const struct redirect_sites *sites, const char *bytes, size_t len, size_t first,
			      size_t step)
{
	kit_open(&kit, sites);
	kit_feed(&kit, bytes, first);
	for (size_t at = first; at < len; at += step)
		kit_feed(&kit, bytes + at, len - at < step ? len - at : step);

	const char *said = kit_said(&kit);
	kit_close(&kit);
	return said;
}

static bool check_split(const struct redirect_sites *sites, const struct row *row, size_t first, size_t step)
{
	const char *said = feed_split(sites, row->bytes, row->len, first, step);

	if (strcmp(said, row->said) == 0)
		return true;
	print_error("%.100s (%zu bytes, first read %zu, then %zu each)\n  expected %s\n  got      %s\n", row->bytes,
		    row->len, first, step, row->said, said);
	return false;
}

/* The first split that changes the answers ends it. */
static bool check_row(const struct redirect_sites *sites, const struct row *row)
{
	/* Long rows are split at a prime stride and near their end. */
	size_t stride = row->len > 2000 ? 257 : 1;
	bool right = check_split(sites, row, row->len, row->len) && check_split(sites, row, 0, 1);

	for (size_t at = 1; right && at < row->len; at += row->len - at < 8 ? 1 : stride)
		right = check_split(sites, row, at, row->len);
	for (size_t step = 2; right && step < 40; step += 7)
		right = check_split(sites, row, step < row->len ? step : row->len, step);
	return right;
}

static void test_rows(void **state)
{
	struct redirect_sites *sites = kit_sites();
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(rows); i++)
		wrong += !check_row(sites, &rows[i]);
	assert_int_equal(wrong, 0);
	redirect_sites_free(sites);
}

/* before, count times fill, after. */
static void check_long(const struct redirect_sites *sites, const char *before, const char *fill, size_t count,
		       const char *after, const char *said)
{
	size_t fill_len = strlen(fill), before_len = strlen(before),
	       len = before_len + count * fill_len + strlen(after);
	char *bytes = mem_alloc(len + 1);

	memcpy(bytes, before, before_len);
	for (size_t i = 0; i < count; i++)
		memcpy(bytes + before_len + i * fill_len, fill, fill_len);
	memcpy(bytes + before_len + count * fill_len, after, strlen(after));
	assert_true(check_row(sites, &(struct row){ bytes, len, said }));
	mem_free(bytes);
}

static void test_limits(void **state)
{
	struct redirect_sites *sites = kit_sites();
	const size_t line = REDIRECT_LINE_MAX - strlen("GET / HTTP/1.1\r\n");
	const size_t fields = REDIRECT_FIELDS_MAX - strlen(DL "X: \r\n\r\n");
	char *said = mem_alloc(REDIRECT_LINE_MAX + 200);

	(void)state;
	strcpy(said, TO "/");
	memset(said + strlen(said), 'p', line);
	strcat(said, ", open");
	check_long(sites, "GET /", "p", line, " HTTP/1.1\r\n" DL "\r\n", said);
	check_long(sites, "\r\nGET /", "p", line, " HTTP/1.1\r\n" DL "\r\n", said);
	check_long(sites, "GET /", "p", line + 1, " HTTP/1.1\r\n" DL "\r\n", "414, close");
	check_long(sites, "GET /", "p", 60000, "", "414, close");
	check_long(sites, "GET /", "p", line - 60, "\x01", "400, close");
	check_long(sites, "", "A", 60000, "", "414, close");
	check_long(sites, "GET /a HTTP/1.1\r\n" DL "X: ", "v", fields, "\r\n\r\n", TO "/a, open");
	check_long(sites, "\r\nGET /a HTTP/1.1\r\n" DL "X: ", "v", fields, "\r\n\r\n", TO "/a, open");
	check_long(sites, "GET /a HTTP/1.1\r\n" DL "X: ", "v", fields + 1, "\r\n\r\n", "431, close");
	check_long(sites, "GET /a HTTP/1.1\r\n" DL "X: ", "v", 60000, "", "431, close");
	check_long(sites, "GET /a HTTP/1.1\r\n" DL, "X: y\r\n", REDIRECT_FIELD_COUNT_MAX - 1, "\r\n", TO "/a, open");
	check_long(sites, "GET /a HTTP/1.1\r\n" DL, "X: y\r\n", REDIRECT_FIELD_COUNT_MAX, "\r\n", "431, close");
	check_long(sites, "POST / HTTP/1.1\r\n" DL "Content-Length: 60000\r\n\r\n", "\r\nGET / HTTP/1.1\r\n", 3333,
		   "123456GET /b HTTP/1.1\r\n" DL "\r\n", "405, " TO "/b, open");
	mem_free(said);
	redirect_sites_free(sites);
}

/* More answers than one buffer holds: the rest of the input is asked for again, and nothing is lost or repeated. */
static void test_full(void **state)
{
	struct redirect_sites *sites = kit_sites();
	static const char request[] = "GET /some/path?x=1 HTTP/1.1\r\n" DL "\r\n";
	const size_t len = sizeof request - 1, count = 300;
	char *bytes = mem_alloc(count * len);

	(void)state;
	for (size_t i = 0; i < count; i++)
		memcpy(bytes + i * len, request, len);
	kit_open(&kit, sites);
	kit_feed(&kit, bytes, count * len);
	assert_int_equal(kit.answers, count);
	assert_true(kit.all_len > REDIRECT_HTTP_OUT_MIN);
	assert_true(redirect_http_idle(&kit.http));
	kit_said(&kit);

	struct redirect_fed fed;
	redirect_http_feed(&kit.http, &kit.env, &kit.client, &kit.scratch, (const uint8_t *)bytes, 16 * len, kit.out,
			   sizeof kit.out, &fed);
	assert_int_equal(fed.consumed, 16 * len);
	assert_false(fed.full);
	assert_false(fed.close);
	mem_free(bytes);
	kit_close(&kit);
	redirect_sites_free(sites);
}

static void feed_text(const char *text)
{
	kit_feed(&kit, text, strlen(text));
}

static size_t timeout(void)
{
	size_t len = redirect_http_timeout(&kit.http, &kit.env, &kit.client, &kit.scratch, kit.out, sizeof kit.out);

	kit_keep(&kit, len);
	kit.close = true;
	return len;
}

static void test_timeout(void **state)
{
	struct redirect_sites *sites = kit_sites();

	(void)state;
	kit_open(&kit, sites);
	assert_int_equal(timeout(), 0);	/* idle: not a word */

	kit_open(&kit, sites);
	feed_text("GET / HTTP/1.1\r\nHo");
	assert_true(timeout() > 0);
	assert_string_equal(kit_said(&kit), "408, close");
	feed_text("st: dl.example.org\r\n\r\n");	/* too late */
	assert_string_equal(kit_said(&kit), "408, close");

	kit_open(&kit, sites);
	feed_text("POST / HTTP/1.1\r\n" DL "Content-Length: 9\r\n\r\nabc");
	assert_false(redirect_http_idle(&kit.http));
	assert_int_equal(timeout(), 0);	/* its answer has been sent */
	redirect_sites_free(sites);
}

static void test_overload_and_closing(void **state)
{
	struct redirect_sites *sites = kit_sites();
	char line[32];
	size_t len, seen = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		unsigned seconds;

		kit_open(&kit, sites);
		kit.env.random = i;
		kit_keep(&kit, redirect_http_overload(&kit.env, kit.out, sizeof kit.out));
		kit.close = true;
		assert_string_equal(kit_said(&kit), "503, close");
		snprintf(line, sizeof line, "%s", kit_field(kit.all, kit.all + kit.all_len, "Retry-After", &len));
		assert_int_equal(sscanf(line, "%u\r", &seconds), 1);
		assert_in_range(seconds, 5, 10);
		seen |= (size_t)1 << seconds;
	}
	assert_true(__builtin_popcountl(seen) > 3);	/* jittered */

	/* What has arrived is answered, then the connection closes. */
	kit_open(&kit, sites);
	kit.env.closing = true;
	feed_text("GET /1 HTTP/1.1\r\n" DL "\r\nGET /2 HTTP/1.1\r\n" DL "\r\n");
	assert_string_equal(kit_said(&kit), TO "/1, " TO "/2, close");
	redirect_sites_free(sites);
}

static void test_tls_listener(void **state)
{
	struct redirect_sites *sites = kit_sites();

	(void)state;
	kit_open(&kit, sites);
	kit.client.tls = true;
	feed_text("GET /a HTTP/1.1\r\n" DL "\r\nGET /a HTTP/1.1\r\nHost: nobody.example\r\n\r\n"
		  "GET https://dl.example.org/b HTTP/1.1\r\n" DL "\r\nGET http://dl.example.org/c HTTP/1.1\r\n" DL
		  "\r\n");
	assert_string_equal(kit_said(&kit), TO "/a, 421, " TO "/b, 421, open");
	kit_close(&kit);
	redirect_sites_free(sites);
}

static void test_health(void **state)
{
	struct redirect_sites *sites = kit_sites();
	struct redirect_health *health = kit_all_down(sites);
	size_t len;

	(void)state;
	kit_open(&kit, sites);
	kit.env.health = health;
	feed_text("GET /a HTTP/1.1\r\n" DL "\r\n");
	assert_string_equal(kit_said(&kit), "503, open");
	assert_non_null(kit_field(kit.all, kit.all + kit.all_len, "Retry-After", &len));
	kit_set(health, &redirect_sites_at(sites, 0)->targets[0], true);
	feed_text("GET /b HTTP/1.1\r\n" DL "\r\n");
	assert_string_equal(kit_said(&kit), "503, " TO "/b, open");
	kit_set(health, &redirect_sites_at(sites, 4)->fallback[1], true);
	feed_text("GET /c HTTP/1.1\r\nHost: spare.example.org\r\n\r\n");
	assert_string_equal(kit_said(&kit), "503, " TO "/b, 302 https://lon1.example.net/c, open");
	kit_close(&kit);
	redirect_health_free(health);
	redirect_sites_free(sites);
}

/* ---- waiting for a presence answer ---- */

struct asked {
	enum redirect_present answer;
	unsigned count;
};
static struct asked asked;

static enum redirect_present ask(void *ctx, const struct redirect_target *target, struct span url)
{
	assert_ptr_equal(ctx, &kit);
	assert_memory_equal(url.at, target->url, strlen(target->url));
	asked.count++;
	return asked.answer;
}

static void ask_first(struct conf *conf)
{
	conf->sites[0].presence.present = true;
}

static struct redirect_sites *presence_sites(void)
{
	static const struct kit_site both[] = {
		{ "dl.example.org", "https://fra1.content.example.org", NULL, NULL, 0 },
		{ "now.example.org", "https://now.example.net", NULL, NULL, 0 },
	};
	kit_more = ask_first;
	struct redirect_sites *sites = kit_made(both, KIT_COUNT(both));
	kit_more = NULL;
	asked = (struct asked){ REDIRECT_PRESENT_SOON, 0 };
	return sites;
}

/* Feeds what a stream would: the rest again and again until it is taken, or the connection waits. Gives how much was
 * taken. */
static size_t feed_some(const char *text, bool *ret_waiting)
{
	size_t len = strlen(text), at = 0;
	struct redirect_fed fed;

	do {
		uint8_t *in = mem_copy(text + at, len - at);

		redirect_http_feed(&kit.http, &kit.env, &kit.client, &kit.scratch, in, len - at, kit.out,
				   REDIRECT_HTTP_OUT_MIN, &fed);
		mem_free(in);
		kit_keep(&kit, fed.produced);
		at += fed.consumed;
	} while (fed.full);
	kit.close = fed.close;
	*ret_waiting = fed.waiting;
	return at;
}

#define PIPELINE "GET /1 HTTP/1.1\r\nHost: now.example.org\r\n\r\nGET /2 HTTP/1.1\r\n" DL "\r\n" \
		 "GET /3 HTTP/1.1\r\nHost: now.example.org\r\n\r\nGET /4 HTTP/1.1\r\n" DL "\r\nGET /5 HT"

/* However the stream was split, answers come in order, each when it is known, and nothing is read past who waits. */
static void test_waiting(void **state)
{
	struct redirect_sites *sites = presence_sites();
	const char *all = PIPELINE;

	(void)state;
	for (size_t first = 1; first <= strlen(all); first++) {
		char part[512];
		bool waiting;
		size_t at;

		kit_open(&kit, sites);
		kit.env.present = ask;
		asked = (struct asked){ REDIRECT_PRESENT_SOON, 0 };
		snprintf(part, sizeof part, "%.*s", (int)first, all);
		at = feed_some(part, &waiting);
		if (!waiting)
			at += feed_some(all + at, &waiting);
		assert_true(waiting);
		assert_int_equal(kit.answers, 1);
		assert_int_equal(asked.count, 1);
		assert_false(redirect_http_idle(&kit.http));
		/* The end of the second head: what stands behind it was left. */
		assert_ptr_equal(all + at, strstr(all, "GET /3"));

		/* Woken for somebody else's answer. */
		assert_int_equal(feed_some("", &waiting), 0);
		assert_true(waiting);
		assert_int_equal(asked.count, 2);

		asked.answer = REDIRECT_PRESENT;
		at += feed_some(all + at, &waiting);
		assert_false(waiting);
		assert_ptr_equal(all + at, all + strlen(all));
		assert_string_equal(kit_said(&kit), "302 https://now.example.net/1, " TO "/2, "
						    "302 https://now.example.net/3, " TO "/4, wait");
		kit_close(&kit);
	}
	redirect_sites_free(sites);
}

static void test_waiting_ends(void **state)
{
	struct redirect_sites *sites = presence_sites();
	bool waiting;

	(void)state;
	/* Nobody has it. */
	kit_open(&kit, sites);
	kit.env.present = ask;
	feed_some("GET /a HTTP/1.1\r\n" DL "\r\n", &waiting);
	assert_true(waiting);
	asked.answer = REDIRECT_ABSENT;
	feed_some("", &waiting);
	assert_string_equal(kit_said(&kit), "404, open");

	/* Nobody said in time: the client is not left without an answer. */
	asked.answer = REDIRECT_PRESENT_SOON;
	feed_some("GET /b HTTP/1.1\r\n" DL "\r\n", &waiting);
	assert_true(waiting);
	assert_true(timeout() > 0);
	assert_string_equal(kit_said(&kit), "404, " TO "/b, close");
	assert_null(kit.http.parser.held);

	/* The site went away meanwhile, with a body still to come. */
	struct redirect_sites *others = kit_sites();
	kit_open(&kit, sites);
	kit.env.present = ask;
	feed_some("HEAD /c HTTP/1.1\r\n" DL "Content-Length: 3\r\n\r\n", &waiting);
	assert_true(waiting);
	kit.env.sites = others;
	assert_int_equal(feed_some("abcGET /d HTTP/1.1\r\n" DL "\r\n", &waiting), 3 + strlen("GET /d HTTP/1.1\r\n" DL "\r\n"));
	assert_string_equal(kit_said(&kit), TO "/c, " TO "/d, open");

	/* The client leaves, the server ends. */
	kit_open(&kit, sites);
	kit.env.present = ask;
	feed_some("GET /e HTTP/1.1\r\n" DL "\r\n", &waiting);
	assert_true(waiting);
	kit_close(&kit);
	assert_int_equal(timeout(), 0);
	redirect_sites_free(others);
	redirect_sites_free(sites);
}

/* Where it matters what became of a head, the log among others, the whole request is there again. */
static void test_kept_request(void **state)
{
	static const char head[] = "GET http://dl.example.org/x?y HTTP/1.1\r\nHost: a.example\r\nUser-Agent: t/1\r\n"
				   "Accept: a\r\nAccept: b\r\nReferer: r\r\nRange: bytes=0-\r\nIf-Range: \"z\"\r\n"
				   "if-none-match:  \"q\" \r\nIf-Match: *\r\n\r\n";

	(void)state;
	for (size_t first = 0; first < sizeof head; first += sizeof head - 1) {
		struct redirect_request_parser parser = { 0 };
		struct redirect_request request;
		size_t taken;
		uint8_t *in = mem_copy(head, sizeof head - 1);

		if (first == 0)
			assert_int_equal(redirect_request_next(&parser, in, 9, &taken, &request), REDIRECT_PARSED_MORE);
		size_t begin = first == 0 ? 9 : 0;
		assert_int_equal(redirect_request_next(&parser, in + begin, sizeof head - 1 - begin, &taken, &request),
				 REDIRECT_PARSED);
		redirect_request_keep(&parser, in + begin);
		mem_free(in);
		for (unsigned i = 0; i < 3; i++) {
			memset(&request, 0xff, sizeof request);
			redirect_request_again(&parser, &request);
			assert_string_equal(request.host, "dl.example.org");
			assert_true(span_equal(request.target, SPAN_TEXT("/x?y")));
			assert_true(span_equal(request.user_agent, SPAN_TEXT("t/1")));
			assert_int_equal(request.accept.len, 0);	/* two lines count as none */
			assert_true(span_equal(request.referer, SPAN_TEXT("r")));
			assert_true(span_equal(request.range, SPAN_TEXT("bytes=0-")));
			assert_true(span_equal(request.if_range, SPAN_TEXT("\"z\"")));
			assert_true(span_equal(request.if_none_match, SPAN_TEXT("\"q\"")));
			assert_true(span_equal(request.if_match, SPAN_TEXT("*")));
		}
		assert_false(redirect_request_idle(&parser));
		redirect_request_release(&parser);
		assert_true(redirect_request_idle(&parser));
	}
}

static void test_any_site(void **state)
{
	static const struct kit_site plain = { "*", "http://{node}.example", NULL, NULL, 0 };
	static const struct kit_site with_host = { "*", "https://{node}.example/{host}", NULL, NULL, 0 };
	struct redirect_sites *sites = kit_made(&plain, 1);

	(void)state;
	kit_open(&kit, sites);
	feed_text("GET /a HTTP/1.1\r\nHost: who.example\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
	assert_string_equal(kit_said(&kit), "302 http://fra1.example/a, 302 http://fra1.example/b, close");
	redirect_sites_free(sites);

	sites = kit_made(&with_host, 1);
	kit_open(&kit, sites);
	feed_text("GET /a HTTP/1.1\r\nHost: Who.Example:1\r\n\r\nGET /a HTTP/1.1\r\nHost: [2001:DB8::1]\r\n\r\n"
		  "GET /b HTTP/1.0\r\n\r\n");
	assert_string_equal(kit_said(&kit), "302 https://fra1.example/who.example/a, "
					    "302 https://fra1.example/2001:db8::1/a, 400, close");
	redirect_sites_free(sites);
}

static void test_refused_head(void **state)
{
	struct redirect_sites *sites = kit_sites();
	static const char *const heads[] = {
		"HEAD /\\x HTTP/1.1\r\n" DL "\r\n", "HEAD / HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n" DL "Expect: x\r\n\r\n",
		"HEAD / HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < KIT_COUNT(heads); i++) {
		kit_open(&kit, sites);
		feed_text(heads[i]);
		assert_true(kit.close);
		assert_string_equal(kit.all + kit.all_len - 4, "\r\n\r\n");
		kit_close(&kit);
	}
	redirect_sites_free(sites);
}

static void test_idle_cost(void **state)
{
	struct redirect_sites *sites = kit_sites();

	(void)state;
	assert_true(sizeof(struct redirect_http) <= 48);
	kit_open(&kit, sites);
	feed_text("GET /a HTTP/1.1\r\n");
	assert_non_null(kit.http.parser.held);
	assert_true(kit.http.parser.held_room <= 512);
	feed_text(DL "\r\n");
	assert_null(kit.http.parser.held);
	redirect_sites_free(sites);
}

static int free_kit(void **state)
{
	(void)state;
	mem_free(kit.all);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_overload_and_closing),
		cmocka_unit_test(test_tls_listener),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_waiting_ends),
		cmocka_unit_test(test_kept_request),
		cmocka_unit_test(test_any_site),
		cmocka_unit_test(test_refused_head),
		cmocka_unit_test(test_idle_cost),
	};

	return cmocka_run_group_tests(tests, NULL, free_kit);
}
