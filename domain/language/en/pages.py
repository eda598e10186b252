"""What the sign-in page says."""

TEXTS: dict[str, str] = {
    "page.sign_in.title": "Sign in to renling",
    "page.sign_in.issuer": "Single sign-on",
    "page.sign_in.code": "One-time code or token",
    "page.sign_in.code_hint": "An administrator makes one with renling token. A code is good once, for ten minutes.",
    "page.sign_in.submit": "Sign in",
    "page.sign_in.signed_in": "You are signed in.",
    "page.sign_in.go_on": "Go on",
    "page.sign_in.sign_out": "Sign out",
    "page.sign_in.other_language": "中文",
}
