"""What the sign-in page says, in Chinese."""

TEXTS: dict[str, str] = {
    "page.sign_in.title": "登录认领平台",
    "page.sign_in.issuer": "使用统一登录",
    "page.sign_in.code": "一次性登录码或令牌",
    "page.sign_in.code_hint": "由管理员用 renling token 命令签发。登录码十分钟内有效，只能使用一次。",
    "page.sign_in.submit": "登录",
    "page.sign_in.signed_in": "您已登录。",
    "page.sign_in.go_on": "继续",
    "page.sign_in.sign_out": "退出登录",
    "page.sign_in.other_language": "English",
}
