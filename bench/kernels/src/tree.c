/* SPDX-License-Identifier: Apache-2.0 */
/* A treap: nodes linked by pointers, inserted, searched, deleted, walked. */
#include "kernel.h"

enum { NODES = 8192, OPERATIONS = 14000 };

struct node {
	struct node *left, *right;
	uint32_t key, priority, value;
};

static struct node pool[NODES];
static struct node *unused;
static uint32_t priorities;

static void reset(void)
{
	unused = NULL;
	priorities = 12345;
	for (int i = 0; i < NODES; i++) {
		pool[i].left = unused;
		unused = &pool[i];
	}
}

static struct node *rotate_right(struct node *n)
{
	struct node *l = n->left;
	n->left = l->right;
	l->right = n;
	return l;
}

static struct node *rotate_left(struct node *n)
{
	struct node *r = n->right;
	n->right = r->left;
	r->left = n;
	return r;
}

static struct node *insert(struct node *root, uint32_t key, uint32_t value)
{
	if (!root) {
		struct node *n = unused;
		if (!n)
			return NULL;
		unused = n->left;
		*n = (struct node){.key = key, .value = value, .priority = next_random(&priorities)};
		return n;
	}
	if (key == root->key) {
		root->value += value;
	} else if (key < root->key) {
		root->left = insert(root->left, key, value);
		if (root->left && root->left->priority > root->priority)
			return rotate_right(root);
	} else {
		root->right = insert(root->right, key, value);
		if (root->right && root->right->priority > root->priority)
			return rotate_left(root);
	}
	return root;
}

static struct node *merge(struct node *a, struct node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->priority > b->priority) {
		a->right = merge(a->right, b);
		return a;
	}
	b->left = merge(a, b->left);
	return b;
}

static int erase(struct node **link, uint32_t key)
{
	while (*link && (*link)->key != key)
		link = key < (*link)->key ? &(*link)->left : &(*link)->right;
	struct node *n = *link;
	if (!n)
		return 0;
	*link = merge(n->left, n->right);
	n->left = unused;
	unused = n;
	return 1;
}

static const struct node *find(const struct node *n, uint32_t key)
{
	while (n && n->key != key)
		n = key < n->key ? n->left : n->right;
	return n;
}

static uint32_t walk(const struct node *n, uint32_t digest)
{
	if (!n)
		return digest;
	digest = walk(n->left, digest);
	digest = mix(digest, n->key + n->value);
	return walk(n->right, digest);
}

static int right(void)
{
	struct node *root = NULL;
	uint32_t in_order = 0;
	reset();
	for (uint32_t i = 0; i < 1000; i++)
		root = insert(root, i * 7919 % 1000, 1);
	for (uint32_t i = 0; i < 1000; i += 2)
		if (!erase(&root, i))
			return 0;
	for (uint32_t i = 1; i < 1000; i += 2)
		in_order = mix(in_order, i + 1);
	return walk(root, 0) == in_order && !find(root, 500) && find(root, 501) && !erase(&root, 0);
}

RF_EXPORT uint32_t tree(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	struct node *root = NULL;
	uint32_t state = n, digest = n;
	reset();
	for (uint32_t i = 0; i < OPERATIONS; i++) {
		uint32_t key = next_random(&state) >> 20; /* 4,096 keys: never more than the pool */
		if (i & 1) {
			const struct node *found = find(root, key);
			digest = mix(digest, found ? found->value : i);
		} else if (i % 6 == 0) {
			digest += (uint32_t)erase(&root, key);
		} else {
			root = insert(root, key, i);
		}
	}
	return walk(root, digest);
}
