#include "decode/compress_members.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum {
    MOST_THREADS = 64,
    READ_STEP = 1 << 20,
    ENOUGH_IN = 256 << 10, /* of small members for one piece */
    ENOUGH_OUT = 1 << 20,
    OUT_SLACK = 64 /* so that a full buffer still has room to see a member's end */
};

enum piece_state { PIECE_FREE, PIECE_QUEUED, PIECE_RUNNING, PIECE_DONE, PIECE_DECLINED };

struct slot {
    enum piece_state state;
    uint64_t from;
    uint8_t *in, *out;
    size_t in_size, in_capacity, out_size, out_capacity, out_expected;
};

struct cpl_members {
    struct cpl_stream *inner;
    enum cpl_compression compression;
    const struct cpl_codec *codec;
    uint64_t position; /* of the next byte that read gives */

    /* Read from inner, not yet cut: from the last piece's end, or from position. */
    uint8_t *window;
    size_t window_at, window_size, window_capacity;
    bool chained;        /* the window is believed to begin with a member */
    bool short_members;  /* the last one was short: a guess at the next one's end is worth it */
    uint64_t not_before; /* no new attempt in front of this offset */
    uint64_t last_member;
    bool ended, failed;
    struct cpl_error error; /* of inner */

    struct slot *slots; /* a ring: [first, first + n) in use */
    unsigned n_slots, first, n;
    unsigned n_threads, running;
    pthread_t threads[MOST_THREADS];
    pthread_mutex_t lock; /* guards the slots' states */
    pthread_cond_t queued, decoded;
    bool stopped;
};

/* ---- decoding a piece ---- */

static bool more_room(struct slot *slot)
{
    size_t most = CPL_PIECE_OUT + OUT_SLACK;
    size_t wanted = slot->out_expected + OUT_SLACK;
    if (wanted < 2 * slot->out_capacity)
        wanted = 2 * slot->out_capacity;
    if (wanted > most)
        wanted = most;
    if (wanted <= slot->out_capacity)
        return false;
    uint8_t *out = cpl_realloc(slot->out, wanted, NULL);
    if (!out)
        return false;
    slot->out = out;
    slot->out_capacity = wanted;
    return true;
}

/* One call of the codec on what is left of the piece. */
static enum cpl_codec_step step(const struct cpl_codec *codec, void *state, struct slot *slot,
                                size_t *at)
{
    struct cpl_error ignored = {0};
    struct cpl_codec_io io = {.in = slot->in + *at,
                              .in_size = slot->in_size - *at,
                              .out = slot->out + slot->out_size,
                              .out_size = slot->out_capacity - slot->out_size,
                              .whole = true};
    size_t in_size = io.in_size, out_size = io.out_size;
    enum cpl_codec_step result = codec->step(state, &io, &ignored);
    *at += in_size - io.in_size;
    slot->out_size += out_size - io.out_size;
    bool stuck = in_size == io.in_size && out_size == io.out_size;
    return result == CPL_CODEC_MORE && stuck ? CPL_CODEC_FAILED : result;
}

/* Whole members, the last of which ends where the piece ends? */
static bool decode(const struct cpl_members *members, void *state, struct slot *slot)
{
    const struct cpl_codec *codec = members->codec;
    size_t at = 0;
    slot->out_size = 0;
    if (!state || (!slot->out_capacity && !more_room(slot)))
        return false;
    while (at < slot->in_size) {
        enum cpl_codec_step result = CPL_CODEC_MORE;
        if (!cpl_member_starts(members->compression, slot->in + at, slot->in_size - at) ||
            !codec->begin(state, NULL))
            return false;
        while (result == CPL_CODEC_MORE) {
            if (slot->out_capacity - slot->out_size < OUT_SLACK && !more_room(slot))
                return false;
            result = step(codec, state, slot, &at);
        }
        if (result == CPL_CODEC_FAILED)
            return false;
    }
    return slot->out_size <= CPL_PIECE_OUT;
}

static struct slot *first_queued(struct cpl_members *members)
{
    for (unsigned i = 0; i < members->n; i++) {
        struct slot *slot = &members->slots[(members->first + i) % members->n_slots];
        if (slot->state == PIECE_QUEUED)
            return slot;
    }
    return NULL;
}

static void *work(void *argument)
{
    struct cpl_members *members = argument;
    void *state = members->codec->open(1, NULL);
    pthread_mutex_lock(&members->lock);
    while (!members->stopped) {
        struct slot *slot = first_queued(members);
        if (!slot) {
            pthread_cond_wait(&members->queued, &members->lock);
            continue;
        }
        slot->state = PIECE_RUNNING;
        pthread_mutex_unlock(&members->lock);
        bool ok = decode(members, state, slot);
        pthread_mutex_lock(&members->lock);
        slot->state = ok ? PIECE_DONE : PIECE_DECLINED;
        pthread_cond_signal(&members->decoded);
    }
    pthread_mutex_unlock(&members->lock);
    if (state)
        members->codec->close(state);
    return NULL;
}

/* Signals are for the threads that expect them. */
static void start_threads(struct cpl_members *members)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (members->running < members->n_threads &&
           !pthread_create(&members->threads[members->running], NULL, work, members))
        members->running++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    members->n_threads = members->running; /* fewer, or none, do as well */
}

/* ---- slots ---- */

static uint64_t slot_end(const struct slot *slot)
{
    return slot->from + slot->in_size;
}

static enum piece_state wait_for(struct cpl_members *members, struct slot *slot)
{
    pthread_mutex_lock(&members->lock);
    while (slot->state == PIECE_RUNNING || slot->state == PIECE_QUEUED)
        pthread_cond_wait(&members->decoded, &members->lock);
    enum piece_state state = slot->state;
    pthread_mutex_unlock(&members->lock);
    return state;
}

/* Pieces that end at or before `offset` are no longer needed. */
static void drop_before(struct cpl_members *members, uint64_t offset)
{
    while (members->n && slot_end(&members->slots[members->first]) <= offset) {
        struct slot *slot = &members->slots[members->first];
        pthread_mutex_lock(&members->lock);
        while (slot->state == PIECE_RUNNING)
            pthread_cond_wait(&members->decoded, &members->lock);
        slot->state = PIECE_FREE;
        members->first = (members->first + 1) % members->n_slots;
        members->n--;
        pthread_mutex_unlock(&members->lock);
    }
}

static bool enqueue(struct cpl_members *members, const uint8_t *data, size_t size, size_t expected)
{
    struct slot *slot = &members->slots[(members->first + members->n) % members->n_slots];
    if (slot->in_capacity < size) {
        uint8_t *in = cpl_realloc(slot->in, size, NULL);
        if (!in)
            return false;
        slot->in = in;
        slot->in_capacity = size;
    }
    if (!members->running)
        start_threads(members);
    memcpy(slot->in, data, size);
    slot->in_size = size;
    slot->out_expected = expected ? expected : 4 * size;
    uint64_t end =
        members->n ? slot_end(&members->slots[(members->first + members->n - 1) % members->n_slots])
                   : members->position;
    slot->from = end;
    pthread_mutex_lock(&members->lock);
    slot->state = members->running ? PIECE_QUEUED : PIECE_DECLINED;
    members->n++;
    pthread_cond_signal(&members->queued);
    pthread_mutex_unlock(&members->lock);
    return true;
}

/* ---- the window ---- */

static bool window_room(struct cpl_members *members, size_t wanted)
{
    if (members->window_at) {
        memmove(members->window, members->window + members->window_at, members->window_size);
        members->window_at = 0;
    }
    if (wanted <= members->window_capacity)
        return true;
    uint8_t *window = cpl_realloc(members->window, wanted, NULL);
    if (!window)
        return false;
    members->window = window;
    members->window_capacity = wanted;
    return true;
}

/* Read until the window holds `wanted` bytes, or nothing more comes. */
static bool widen_window(struct cpl_members *members, size_t wanted)
{
    if (!window_room(members, wanted))
        return false;
    while (members->window_size < wanted && !members->ended && !members->failed) {
        size_t got = 0;
        members->failed = !cpl_stream_read(members->inner, members->window + members->window_size,
                                           members->window_capacity - members->window_size, &got,
                                           &members->error);
        if (members->failed)
            break;
        members->window_size += got;
        members->ended = !got;
    }
    return true;
}

static size_t member_at(const struct cpl_members *members, size_t at, size_t *expected)
{
    const uint8_t *data = members->window + members->window_at + at;
    size_t size = members->window_size - at, out = 0;
    if (!cpl_member_starts(members->compression, data, size))
        return 0;
    struct cpl_member_view view = {
        .data = data, .size = size, .whole = members->ended, .may_guess = members->short_members};
    size_t length = members->codec->member_length(&view, &out);
    if (length > CPL_PIECE_IN || out > CPL_PIECE_OUT)
        return 0;
    *expected = out;
    return length;
}

/* Whole members from the window's begin, up to a fair share of work; 0 = none is seen. */
static size_t cut(const struct cpl_members *members, size_t *expected)
{
    size_t length = 0, next = 0, out = 0;
    *expected = 0;
    while (length < ENOUGH_IN && *expected < ENOUGH_OUT && length < members->window_size &&
           (next = member_at(members, length, &out)) != 0) {
        length += next;
        *expected = out ? *expected + out : *expected;
    }
    return length;
}

/* One piece more; false: what comes next cannot be cut. */
static bool add_piece(struct cpl_members *members)
{
    size_t expected = 0, length = 0;
    size_t wanted = members->window_size < ENOUGH_IN ? READ_STEP : members->window_size;
    for (; !length; wanted = 2 * members->window_size) {
        if (wanted > CPL_PIECE_IN + READ_STEP)
            wanted = CPL_PIECE_IN + READ_STEP;
        if (wanted > members->window_size && !widen_window(members, wanted))
            return false;
        length = cut(members, &expected);
        bool all = members->ended || members->failed || members->window_size >= CPL_PIECE_IN;
        if (!length && (all || !members->window_size))
            return false;
    }
    if (!enqueue(members, members->window + members->window_at, length, expected))
        return false;
    members->window_at += length;
    members->window_size -= length;
    return true;
}

static void add_pieces(struct cpl_members *members)
{
    while (members->chained && members->n < members->n_slots)
        members->chained = add_piece(members);
}

/* The bytes that the driver has not used stand before the window again. */
static bool put_back(struct cpl_members *members, const uint8_t *data, size_t size)
{
    if (!size)
        return true;
    if (size > members->window_at) {
        if (!window_room(members, size + members->window_size))
            return false;
        memmove(members->window + size, members->window, members->window_size);
        members->window_at = size;
    }
    members->window_at -= size;
    memcpy(members->window + members->window_at, data, size);
    members->window_size += size;
    members->position -= size;
    return true;
}

/* ---- for the driver ---- */

bool cpl_members_read(struct cpl_members *members, void *data, size_t size, size_t *got,
                      struct cpl_error *err)
{
    drop_before(members, members->position);
    *got = 0;
    if (members->n) {
        const struct slot *slot = &members->slots[members->first];
        size_t at = (size_t)(members->position - slot->from), left = slot->in_size - at;
        *got = size < left ? size : left;
        memcpy(data, slot->in + at, *got);
    } else if (members->window_size) {
        *got = size < members->window_size ? size : members->window_size;
        memcpy(data, members->window + members->window_at, *got);
        members->window_at += *got;
        members->window_size -= *got;
    } else if (members->failed) {
        return cpl_fail_with(err, &members->error);
    } else if (!members->ended && !cpl_stream_read(members->inner, data, size, got, err)) {
        return false;
    }
    members->position += *got;
    return true;
}

/* Cut anew from a member's begin, unless the last attempt there was in vain. */
static bool chain_from(struct cpl_members *members, uint64_t offset, const uint8_t *unread,
                       size_t size)
{
    members->short_members = offset > members->last_member &&
                             offset - members->last_member <= CPL_PIECE_IN;
    members->last_member = offset;
    if (offset < members->not_before || offset + size != members->position ||
        !put_back(members, unread, size))
        return false;
    members->chained = true;
    add_pieces(members);
    if (!members->n)
        members->not_before = offset + members->window_size;
    return true;
}

bool cpl_members_take(struct cpl_members *members, uint64_t offset, const uint8_t *unread,
                      size_t size, struct cpl_piece *piece, bool *again)
{
    *again = false;
    drop_before(members, offset);
    if (!members->n)
        *again = chain_from(members, offset, unread, size);
    else
        add_pieces(members);
    struct slot *slot = &members->slots[members->first];
    if (!members->n || slot->from != offset)
        return false;
    members->last_member = offset;
    members->position = offset;
    *again = true;
    if (wait_for(members, slot) != PIECE_DONE) {
        members->not_before = slot_end(slot);
        return false;
    }
    *piece = (struct cpl_piece){
        .from = slot->from, .to = slot_end(slot), .data = slot->out, .size = slot->out_size};
    return true;
}

void cpl_members_pass(struct cpl_members *members, const struct cpl_piece *piece)
{
    members->position = piece->to;
}

struct cpl_members *cpl_members_new(struct cpl_stream *inner, enum cpl_compression compression,
                                    unsigned threads, struct cpl_error *err)
{
    struct cpl_members *members = cpl_alloc_zero(1, sizeof *members, err);
    struct slot *slots = NULL;
    unsigned n = threads < MOST_THREADS ? threads : MOST_THREADS;
    if (members)
        slots = cpl_alloc_zero(n + 2, sizeof *slots, err);
    if (!slots) {
        cpl_free(members);
        cpl_stream_close(inner);
        return NULL;
    }
    *members = (struct cpl_members){.inner = inner,
                                    .compression = compression,
                                    .codec = cpl_codec_of(compression),
                                    .position = inner->position,
                                    .last_member = inner->position,
                                    .slots = slots,
                                    .n_slots = n + 2,
                                    .n_threads = n};
    pthread_mutex_init(&members->lock, NULL);
    pthread_cond_init(&members->queued, NULL);
    pthread_cond_init(&members->decoded, NULL);
    return members;
}

void cpl_members_free(struct cpl_members *members)
{
    if (!members)
        return;
    pthread_mutex_lock(&members->lock);
    members->stopped = true;
    pthread_cond_broadcast(&members->queued);
    pthread_mutex_unlock(&members->lock);
    for (unsigned i = 0; i < members->running; i++)
        pthread_join(members->threads[i], NULL);
    for (unsigned i = 0; i < members->n_slots; i++) {
        cpl_free(members->slots[i].in);
        cpl_free(members->slots[i].out);
    }
    cpl_stream_close(members->inner);
    cpl_free(members->slots);
    cpl_free(members->window);
    pthread_mutex_destroy(&members->lock);
    pthread_cond_destroy(&members->queued);
    pthread_cond_destroy(&members->decoded);
    cpl_free(members);
}
