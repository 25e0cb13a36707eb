/* The catalogue: every log line of the program in English and Chinese. A pair has the same conversions in the same
 * order (checked at compile time where used, and by a test for all). SPEC section 5 fixes the starred ones. */
#ifndef WSAUDIO_BASE_TEXT_H
#define WSAUDIO_BASE_TEXT_H

/* clang-format off */
#define TEXT_EN_SERVER_START "WebSocket audio server starting" /* * */
#define TEXT_ZH_SERVER_START "WebSocket 音頻服務器啟動"
#define TEXT_EN_UPLOAD_DIR_CREATED "Created upload directory: %s" /* * */
#define TEXT_ZH_UPLOAD_DIR_CREATED "創建上傳目錄: %s"
#define TEXT_EN_LISTEN_ALL "WebSocket audio server listening on all interfaces, port %u" /* * */
#define TEXT_ZH_LISTEN_ALL "WebSocket 音頻服務器監聽所有網路介面上的端口 %u"
#define TEXT_EN_LISTEN_ADDR "WebSocket audio server listening on %s"
#define TEXT_ZH_LISTEN_ADDR "WebSocket 音頻服務器監聽位址 %s"
#define TEXT_EN_UPLOAD_DIR "Upload directory: %s" /* * */
#define TEXT_ZH_UPLOAD_DIR "上傳目錄: %s"
#define TEXT_EN_CALL_REQUESTED "Call requested, target number: %s" /* * */
#define TEXT_ZH_CALL_REQUESTED "收到打電話請求，目標號碼: %s"
#define TEXT_EN_REMOTE_RTP_PORT "Far end's RTP port: %u" /* * */
#define TEXT_ZH_REMOTE_RTP_PORT "解析到對方 RTP 端口: %u"
#define TEXT_EN_CALL_ESTABLISHED "SIP call established" /* * */
#define TEXT_ZH_CALL_ESTABLISHED "SIP 呼叫成功建立"
#define TEXT_EN_MEDIA_PORTS "**Media**: our port %u, far end's port %u" /* * */
#define TEXT_ZH_MEDIA_PORTS "**正確配置**: 我方監聽端口 %u，對方監聽端口 %u"
#define TEXT_EN_RTP_RECEIVER_START "Starting RTP receiver..." /* * */
#define TEXT_ZH_RTP_RECEIVER_START "啟動 RTP 接收器..."
#define TEXT_EN_RTP_PACKET "Received RTP packet #1: source=%s, sequence=%u, timestamp=%u, size=%u" /* * */
#define TEXT_ZH_RTP_PACKET "接收RTP包 #1：來源=%s, 序號=%u, 時間戳=%u, 大小=%u"
/* clang-format on */

#endif
