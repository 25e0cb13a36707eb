# SPDX-License-Identifier: MIT
"""The log catalogue: each name in both languages, with the same conversions in the same order; what sources say as the reason
in a log line is among its words, and the words are in the table that is looked up."""
import re

import common

DEFINE = re.compile(r'^#define\s+TEXT_(EN|ZH)_(\w+)\s+((?:"(?:\\.|[^"\\])*"\s*)+)', re.M)
PIECE = re.compile(r'"((?:\\.|[^"\\])*)"')
MACRO = re.compile(r"^#define\s+TEXT_(?:EN|ZH)_\w+", re.M)
CONVERSION = re.compile(r"%(?:%|[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh?|ll?|[jztL])?[a-zA-Z])")
# Texts that SPEC section 5 fixes word for word.
FIXED = ("WebSocket 音頻服務器啟動", "創建上傳目錄: %s", "WebSocket 音頻服務器監聽所有網路介面上的端口 %u", "上傳目錄: %s",
         "收到打電話請求，目標號碼: %s", "解析到對方 RTP 端口: %u", "SIP 呼叫成功建立",
         "**正確配置**: 我方監聽端口 %u，對方監聽端口 %u", "啟動 RTP 接收器...",
         "接收RTP包 #1：來源=%s, 序號=%u, 時間戳=%u, 大小=%u")
# Where reasons come from that end up in a log line (log_words.h): files, and what stands around the literal there.
REASONS = ((("src/sdp/parse.c",), r'\bbad\(p, ("[^"]+")'), (("src/sdp/parse.c", "src/sdp/agree.c", "src/call/incoming.c"), r'\*why = ("[^"]+")'),
           (("src/base/status.c",), r'return ("[^"]+")'), (("src/http/upgrade.c",), r'(?:refuse\(\d+, |\(struct refusal\)\{\d+, )("[^"]+")'),
           (("src/sipua/locate.c",), r'fail\(l, now, (?:[^";]*\? )?("[^"]+")'), (("src/http/tokens.c", "src/app/web_tokens.c"), r'TOKENS_WHY_MAX, ("[^%"][^"]+")'),
           (("src/store/recordings.c",), r'char \*why = ("[^"]+")'), (("src/call/call.c", "src/call/gateway.c"), r'call_end\([^;"]*("[^"]+")'))
NO_WORD = ("ok",)


def check_words(root, texts, problems):
    words = {text: name for name, text in texts.items() if name.startswith("WORD_")}
    table = root / "src/base/log_words.c"
    listed = re.findall(r"^    PAIR\((\w+)\),$", table.read_text(encoding="utf-8"), re.M) if table.exists() else []
    for name in sorted({name[len("WORD_"):] for name in words.values()} ^ set(listed)):
        problems.append(f"WORD_{name}: not both in the catalogue and in src/base/log_words.c")
    for files, pattern in REASONS:
        for path in files:
            source = root / path
            for literal in re.findall(pattern, source.read_text(encoding="utf-8")) if source.exists() else ():
                if literal[1:-1] not in words and literal[1:-1] not in NO_WORD:
                    problems.append(f"{path}: {literal} stands in log lines: it needs a TEXT_EN_WORD_, a TEXT_ZH_WORD_ and its PAIR")


def main():
    root = common.arguments(__doc__).root
    text = (root / "include/wsaudio/base/text.h").read_text(encoding="utf-8").replace("\\\n", " ")
    texts = {"EN": {}, "ZH": {}}
    problems = []
    for language, name, pieces in DEFINE.findall(text):
        if name in texts[language]:
            problems.append(f"{language} {name}: twice")
        texts[language][name] = "".join(PIECE.findall(pieces))
    if sum(map(len, texts.values())) != len(MACRO.findall(text)):
        problems.append("a TEXT_ macro is no plain string")
    for name in sorted(set(texts["EN"]) ^ set(texts["ZH"])):
        problems.append(f"{name}: in one language only")
    for name in sorted(set(texts["EN"]) & set(texts["ZH"])):
        english, chinese = (CONVERSION.findall(texts[language][name]) for language in ("EN", "ZH"))
        if english != chinese:
            problems.append(f"{name}: {english} in English, {chinese} in Chinese")
    check_words(root, texts["EN"], problems)
    for fixed in FIXED:
        if fixed not in texts["ZH"].values():
            problems.append(f"fixed text is gone: {fixed}")
    common.finish(problems, "catalogue")


if __name__ == "__main__":
    main()
