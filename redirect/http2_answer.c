/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to its answer: at once, whether its body has come or not, for no answer depends on a body. */
#include "conf/base/mem.h"
#include "redirect/http2_inner.h"

static struct span content_of(const struct redirect_response *response, uint8_t page[REDIRECT_PAGE_MAX])
{
	switch (redirect_response_content(response)) {
	case REDIRECT_CONTENT_BODY: return response->body;
	case REDIRECT_CONTENT_PAGE: return (struct span){ page, redirect_response_page(response, page) };
	case REDIRECT_CONTENT_NONE: break;
	}
	return (struct span){ 0 };
}

/* The content may be a file of this moment's dataset, which is gone when the client opens its window. */
static void hold_rest(struct http2_turn *turn, struct http2_stream *stream, struct span rest)
{
	stream->rest = mem_copy(rest.at, rest.len);
	stream->rest_len = (uint32_t)rest.len;
	stream->rest_at = 0;
	turn->session->resting++;
	http2_stream_hold(turn, rest.len);
}

/* Sends what goes. request and scratch are NULL when it could not be read. */
static void respond(struct http2_turn *turn, struct http2_stream *stream, const struct redirect_request *request,
		    const struct redirect_response *response, const struct redirect_scratch *scratch)
{
	uint8_t page[REDIRECT_PAGE_MAX];
	const struct span content = content_of(response, page);
	const bool bare = content.len == 0 || response->head;

	http2_write_head(turn, stream->id, response, content.len, bare);
	stream->answered = bare;
	turn->session->answered++;
	turn->fed->answered++;
	redirect_serve_answered(turn->env, turn->client, request, scratch, response, bare ? 0 : content.len, 20);
	if (bare)
		return;

	size_t sent = http2_stream_send(turn, stream, content.at, content.len);
	if (!stream->answered)
		hold_rest(turn, stream, (struct span){ content.at + sent, content.len - sent });
}

/* False: it waits for presence. */
static bool serve(struct http2_turn *turn, struct http2_stream *stream, const struct http2_head *head)
{
	struct redirect_response response;

	if (!redirect_serve(turn->env, turn->client, &head->request, turn->scratch, &response))
		return false;
	respond(turn, stream, &head->request, &response, turn->scratch);
	return true;
}

static void answer_fault(struct http2_turn *turn, struct http2_stream *stream, enum redirect_parsed verdict)
{
	struct redirect_response response;

	redirect_serve_fault(turn->env, redirect_decide_fault(verdict), &response);
	respond(turn, stream, NULL, &response, NULL);
}

static void wait(struct http2_turn *turn, struct http2_stream *stream, const struct http2_head *head)
{
	stream->waiting = http2_head_keep(head);
	turn->session->waiting++;
	http2_stream_hold(turn, http2_head_bytes(stream->waiting));
}

void http2_answer(struct http2_turn *turn, uint32_t id, struct http2_head *head, bool ended)
{
	const struct redirect_request *request = &head->request;
	const enum redirect_parsed verdict = http2_head_finish(head);
	struct http2_stream stream = {
		.id = id,
		.window = turn->session->stream_window,
		.has_length = head->has_length,
		.length = request->content_length,
		.ended = ended,
		/* Who waits for a 100 has its answer instead; who sends too much is stopped when it does, not before:
		 * curl 7.88 takes a reset while it sends for a failure, even behind a whole answer. */
		.reset = request->expect_continue,
	};

	if (verdict != REDIRECT_PARSED)
		answer_fault(turn, &stream, verdict);
	else if (!serve(turn, &stream, head))
		wait(turn, &stream, head);
	/* Nearly always all is said: no stream is kept. */
	if (!stream.ended || !stream.answered)
		http2_stream_settle(turn, http2_stream_keep(turn, &stream));
}

void http2_answer_waiting(struct http2_turn *turn)
{
	struct redirect_http2_session *session = turn->session;
	struct http2_stream *next;

	if (session->waiting == 0)
		return;
	for (struct http2_stream *stream = session->streams; stream != NULL && !turn->http->closed; stream = next) {
		struct http2_head *head = stream->waiting;

		next = stream->next;
		if (head == NULL)
			continue;
		if (http2_room(turn) < HTTP2_ANSWER_ROOM) {
			turn->fed->full = true;
			return;
		}
		if (!serve(turn, stream, head))
			continue;
		http2_stream_release_waiting(session, stream);
		http2_stream_settle(turn, stream);
	}
}
