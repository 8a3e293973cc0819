/* The floor of every whole-process time: a static program that does nothing. */
int main(void)
{
    return 0;
}
