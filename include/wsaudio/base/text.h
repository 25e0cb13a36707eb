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
/* app: access, log file */
#define TEXT_EN_ACCESS_PROTECTED \
    "Refused %s: protected mode lets only this machine in; set --ws-allow or --ws-token-file"
#define TEXT_ZH_ACCESS_PROTECTED "拒絕 %s: 保護模式只允許本機連線；請設定 --ws-allow 或 --ws-token-file"
#define TEXT_EN_ACCESS_ADDRESS   "Refused %s: its address is not in --ws-allow"
#define TEXT_ZH_ACCESS_ADDRESS   "拒絕 %s: 位址不在 --ws-allow 之內"
#define TEXT_EN_ACCESS_ORIGIN    "Refused %s: origin %s is neither this host nor named by --ws-origin"
#define TEXT_ZH_ACCESS_ORIGIN    "拒絕 %s: 來源網頁 %s 不是本機，也未列於 --ws-origin"
#define TEXT_EN_ACCESS_TOKEN     "Refused %s: token missing or wrong (--ws-token-file)"
#define TEXT_ZH_ACCESS_TOKEN     "拒絕 %s: 缺少權杖或權杖錯誤（--ws-token-file）"
#define TEXT_EN_LOGFILE_REOPEN_FAILED "Log file %s cannot be opened anew, the old one stays in use: %s"
#define TEXT_ZH_LOGFILE_REOPEN_FAILED "無法重新開啟日誌檔 %s，繼續使用舊檔: %s"
/* room call */
#define TEXT_EN_CALL_REFUSED_BUSY "Call to %s refused: all lines are in use (--max-calls)"
#define TEXT_ZH_CALL_REFUSED_BUSY "拒絕撥打 %s: 所有線路使用中 (--max-calls)"
#define TEXT_EN_CALL_NOT_PLACED "Call to %s could not be placed: %s"
#define TEXT_ZH_CALL_NOT_PLACED "無法撥打 %s: %s"
#define TEXT_EN_INCOMING_CALL "Incoming call from %s to %s"
#define TEXT_ZH_INCOMING_CALL "來電: %s 撥打 %s"
#define TEXT_EN_INCOMING_REFUSED "Incoming call from %s to %s refused: %d %s"
#define TEXT_ZH_INCOMING_REFUSED "拒絕來電: %s 撥打 %s: %d %s"
#define TEXT_EN_INCOMING_ANSWERED "Incoming call from %s answered by %s"
#define TEXT_ZH_INCOMING_ANSWERED "來電 %s 由 %s 接聽"
#define TEXT_EN_INCOMING_NOT_ANSWERED "Incoming call from %s could not be answered: %s"
#define TEXT_ZH_INCOMING_NOT_ANSWERED "無法接聽來電 %s: %s"
#define TEXT_EN_CALL_NOT_RECORDED "Call %s is not recorded: %s"
#define TEXT_ZH_CALL_NOT_RECORDED "通話 %s 未錄音: %s"
#define TEXT_EN_CALL_ENDED "Call %s ended: %d %s"
#define TEXT_ZH_CALL_ENDED "通話 %s 結束: %d %s"
#define TEXT_EN_CALL_TABLE_BUG "Call %s: state %s cannot take event %s; please report this"
#define TEXT_ZH_CALL_TABLE_BUG "通話 %s: 狀態 %s 不應發生事件 %s，請回報此問題"
#define TEXT_EN_QUALITY_RECEIVED "Call %s: only %.1f %% of the RTP packets were received (95 %% expected)"
#define TEXT_ZH_QUALITY_RECEIVED "通話 %s: RTP 包接收率僅 %.1f %%（應大於 95 %%）"
#define TEXT_EN_QUALITY_LOSS "Call %s: %.1f %% packet loss (1 %% is the limit)"
#define TEXT_ZH_QUALITY_LOSS "通話 %s: 丟包率 %.1f %%（應小於 1 %%）"
#define TEXT_EN_QUALITY_DELAY "Call %s: one-way delay %.0f ms (150 ms is the limit)"
#define TEXT_ZH_QUALITY_DELAY "通話 %s: 單向延遲 %.0f 毫秒（應小於 150 毫秒）"
/* app: uploads, recordings */
#define TEXT_EN_UPLOAD_STALE "Removed an unfinished upload of an earlier run: %s"
#define TEXT_ZH_UPLOAD_STALE "已移除前次執行未完成的上傳: %s"
#define TEXT_EN_UPLOAD_FAILED "Upload %s could not be stored: %s"
#define TEXT_ZH_UPLOAD_FAILED "無法儲存上傳檔案 %s: %s"
#define TEXT_EN_RECORDING_DELETED "Deleted the oldest recording to make room: %s"
#define TEXT_ZH_RECORDING_DELETED "已刪除最舊的錄音以騰出空間: %s"
#define TEXT_EN_RECORDING_QUOTA "Recording stopped: --record-quota is used up and no closed recording is left to delete"
#define TEXT_ZH_RECORDING_QUOTA "停止錄音: --record-quota 已用完，且沒有已結束的錄音可刪除"
#define TEXT_EN_RECORDING_DISK "Recording stopped: less than 5 percent of the disk is free"
#define TEXT_ZH_RECORDING_DISK "停止錄音: 磁碟可用空間不足百分之五"
#define TEXT_EN_RECORDING_FAILED "Recording %s cannot be written: %s"
#define TEXT_ZH_RECORDING_FAILED "無法寫入錄音 %s: %s"
#define TEXT_EN_RECORDING_LINK "The link %s to the newest recording cannot be made: %s"
#define TEXT_ZH_RECORDING_LINK "無法建立指向最新錄音的連結 %s: %s"
/* sip: transactions */
#define TEXT_EN_SIP_TX_CANNOT "SIP transaction %s in state %s met an impossible event: %s"
#define TEXT_ZH_SIP_TX_CANNOT "SIP 事務 %s 在狀態 %s 遇到不可能的事件: %s"
/* room sip */
#define TEXT_EN_SIP_BAD_END "SIP call %s ended badly (%d); its last steps:"
#define TEXT_ZH_SIP_BAD_END "SIP 呼叫 %s 異常結束 (%d)，最後的步驟:"
#define TEXT_EN_SIP_STEP "SIP call %s: %s"
#define TEXT_ZH_SIP_STEP "SIP 呼叫 %s: %s"
#define TEXT_EN_SIP_AUTH_FAILED "The SIP server's challenge (%d) cannot be answered: check --sip-user and --sip-password-file"
#define TEXT_ZH_SIP_AUTH_FAILED "無法應答 SIP 伺服器的認證要求 (%d): 請檢查 --sip-user 與 --sip-password-file"
#define TEXT_EN_SIP_SERVER_RESTS "SIP server %s failed and is passed over for %lld s"
#define TEXT_ZH_SIP_SERVER_RESTS "SIP 服務器 %s 無法使用，%lld 秒內不再選用"
#define TEXT_EN_SIP_NEXT_SERVER "SIP call %s goes on to the server %s"
#define TEXT_ZH_SIP_NEXT_SERVER "SIP 呼叫 %s 改送服務器 %s"
#define TEXT_EN_SIP_SERVER_BACK "SIP server %s answers again"
#define TEXT_ZH_SIP_SERVER_BACK "SIP 服務器 %s 已恢復應答"
#define TEXT_EN_SIP_NOT_ALLOWED "%s of %s dropped: its address is not in --sip-allow (not told again for an hour)"
#define TEXT_ZH_SIP_NOT_ALLOWED "丟棄 %s 請求 (%s): 位址不在 --sip-allow 之內（一小時內不再提示）"
#define TEXT_EN_SIP_CANNOT "SIP usage: %s must never meet %s"
#define TEXT_ZH_SIP_CANNOT "SIP 呼叫狀態 %s 不應遇到 %s"
/* gateway */
#define TEXT_EN_RAW_FILE_FULL "--rtp-raw-file %s is full or cannot be written: no more packets are kept"
#define TEXT_ZH_RAW_FILE_FULL "--rtp-raw-file %s 已滿或無法寫入: 不再保存封包"
#define TEXT_EN_NO_KERNEL_AIO "This kernel has no asynchronous I/O: disk flushes may delay audio"
#define TEXT_ZH_NO_KERNEL_AIO "此核心沒有非同步 I/O: 磁碟寫入可能延遲音頻"
#define TEXT_EN_SIP_SERVER_RESOLVED "SIP server %s is %s"
#define TEXT_ZH_SIP_SERVER_RESOLVED "SIP 服務器 %s 的位址為 %s"
#define TEXT_EN_SIP_LISTEN "SIP listening on %s"
#define TEXT_ZH_SIP_LISTEN "SIP 監聽位址 %s"
#define TEXT_EN_LOOPBACK "No --sip-server is set: calls go to the built-in loopback exchange (echo, tone, busy, noanswer, auth)"
#define TEXT_ZH_LOOPBACK "未設定 --sip-server: 通話由內建迴環交換機應答 (echo, tone, busy, noanswer, auth)"
#define TEXT_EN_STOPPING "Stopping: calls are hung up"
#define TEXT_ZH_STOPPING "正在停止: 掛斷所有通話"
#define TEXT_EN_STOPPED "Stopped"
#define TEXT_ZH_STOPPED "已停止"
#define TEXT_EN_RELOADED "SIGHUP: log and token files reopened"
#define TEXT_ZH_RELOADED "SIGHUP: 已重新開啟日誌與權杖檔案"
#define TEXT_EN_TOKENS_KEPT "The old tokens stay in use: %s"
#define TEXT_ZH_TOKENS_KEPT "沿用舊的權杖: %s"
#define TEXT_EN_TICKER_FAILED "The 20 ms timer cannot be started: %s"
#define TEXT_ZH_TICKER_FAILED "無法啟動 20 毫秒計時器: %s"
#define TEXT_EN_LOOP_FAILED "The event loop failed: %s"
#define TEXT_ZH_LOOP_FAILED "事件迴圈失敗: %s"
#define TEXT_EN_HANDSHAKE_REFUSED "WebSocket handshake of %s refused: %s"
#define TEXT_ZH_HANDSHAKE_REFUSED "拒絕 %s 的 WebSocket 握手: %s"
#define TEXT_EN_CLIENT_CONNECTED "WebSocket client connected: %s"
#define TEXT_ZH_CLIENT_CONNECTED "WebSocket 客戶端已連接: %s"
#define TEXT_EN_CLIENT_GONE "WebSocket client gone: %s"
#define TEXT_ZH_CLIENT_GONE "WebSocket 客戶端已斷開: %s"
/* clang-format on */

#endif
