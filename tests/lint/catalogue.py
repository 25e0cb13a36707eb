"""The log catalogue: each name in both languages, with the same conversions in the same order."""
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
    for fixed in FIXED:
        if fixed not in texts["ZH"].values():
            problems.append(f"fixed text is gone: {fixed}")
    common.finish(problems, "catalogue")


if __name__ == "__main__":
    main()
