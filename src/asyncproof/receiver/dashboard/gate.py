"""The gate before the pages: asks for the view token, and turns a link with it into a cookie."""

from aiohttp import hdrs, web

from asyncproof.receiver.access import ViewAccess, Viewer, cookies_named

COOKIE_SECONDS = 30 * 24 * 3600
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
_BEARER = "bearer "
REFUSAL = (
    "a view token is needed: open the link that the server printed when it started, or send the "
    "header 'Authorization: Bearer TOKEN'\n"
)
# A page and not a redirect: the browser then asks for the dashboard on behalf of a page of ours,
# and sends the cookie even where the link was opened from a page of somebody else.
_LOGIN_PAGE = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    '<title>Callbacks</title><a href="/">Open the dashboard</a>\n'
)


class Gate:
    """Lets through whoever may look; answers everybody else."""

    def __init__(self, access: ViewAccess, headers: dict[str, str]) -> None:
        self._access = access
        self._headers = headers

    def stop(self, request: web.BaseRequest) -> web.Response | None:
        """The answer for a request that must not reach the pages; None for one that may."""
        name = _cookie_name(request)
        viewer = viewer_of(request, name)
        if not self._access.permits(viewer):
            headers = {**self._headers, hdrs.WWW_AUTHENTICATE: "Bearer"}
            return web.Response(status=401, text=REFUSAL, headers=headers)
        if request.rel_url.raw_path == "/" and self._access.is_shown_in_query(viewer):
            return self._logged_in(name, secure=request.secure)
        return None

    def _logged_in(self, name: str, *, secure: bool) -> web.Response:
        answer = web.Response(text=_LOGIN_PAGE, content_type="text/html", headers=self._headers)
        answer.set_cookie(
            name,
            self._access.cookie,
            max_age=COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=secure,
        )
        return answer


def viewer_of(request: web.BaseRequest, cookie: str) -> Viewer:
    """Who makes a request."""
    own = request.get_extra_info("sockname")
    authorization = request.headers.getall(hdrs.AUTHORIZATION, [])
    return Viewer(
        peer=request.remote,
        own=own[0] if own else None,
        forwarded=any(name in request.headers for name in _FORWARDED),
        bearer=[
            a[len(_BEARER) :].strip() if a.lower().startswith(_BEARER) else ""
            for a in authorization
        ],
        query=request.query.getall("token", []),
        cookies=cookies_named(cookie, request.headers.getall(hdrs.COOKIE, [])),
    )


def _cookie_name(request: web.BaseRequest) -> str:
    """Browsers keep cookies by host and not by port; two servers on one host need two names."""
    own = request.get_extra_info("sockname")
    return f"asyncproof_view_{own[1] if own else 0}"
